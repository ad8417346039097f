"""Returned forms (回收): checked cell by cell against what was sent out; nothing of them is lost.

`collect` reads a folder of returned workbooks. Every cell of every row becomes one of `OUTCOMES`, and they add up:
confirmed and unchanged cells, corrections (each a ticket to the authority), new values (a delivery of the form's own
contract), refused cells with the reason, and cells that were left blank.
"""

from __future__ import annotations

from yibiao.forms.collect.compare import OUTCOMES
from yibiao.forms.collect.run import Collected, collect

__all__ = ["OUTCOMES", "Collected", "collect"]
