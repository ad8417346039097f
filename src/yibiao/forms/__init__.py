"""Forms (表单): what departments ask the grassroots to fill in by hand, and what that costs.

`load_forms` reads `schemas/forms/`; `yibiao.forms.burden.account` counts the cells a form asks and how many of them the
current release knows already; `yibiao.forms.template.write_templates` writes the empty workbooks.
"""

from __future__ import annotations

from yibiao.forms.load import load_forms
from yibiao.forms.model import Field, Form, Rows

__all__ = ["Field", "Form", "Rows", "load_forms"]
