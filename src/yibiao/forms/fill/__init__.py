"""Prefilled forms (预填表单): the department's own workbook, filled for each community from one release.

`fill_forms` asks one query per form for all communities of an area and writes one workbook per form and community.
What is filled is a function of release, form and area, so that a returned workbook can be checked cell by cell against
the release that it was filled from (`yibiao.forms.collect`).
"""

from __future__ import annotations

from yibiao.forms.fill.run import Filled, fill_forms

__all__ = ["Filled", "fill_forms"]
