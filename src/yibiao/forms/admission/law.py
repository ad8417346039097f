"""The law that admission applies: 政务数据共享条例, State Council Decree 809, in force since 2025-08-01."""

from __future__ import annotations

REGULATION = "《政务数据共享条例》（国务院令第809号）"

ARTICLE_SHORT = "第十九条第一款"
ARTICLE = f"{REGULATION}{ARTICLE_SHORT}"
"""What sharing supplies must not be collected again. Text as in the national database of laws and regulations."""

ARTICLE_TEXT = "通过共享获取政务数据能够满足履行职责需要的，政府部门不得向公民、法人和其他组织重复收集。"

LIABILITY = f"{REGULATION}第四十条第（一）项"
"""重复收集可以通过共享获取的政务数据: to be put right on demand, with sanctions if it is not."""

RECORDS = f"{REGULATION}第二十九条第二款"
"""Users of shared data record their use and keep these records for three years at least."""

MOST_YEARS = 3
"""Longest time from a decision to the expiry of a form. Ours, after the US Paperwork Reduction Act (44 U.S.C. 3507(g)):
no form is asked for ever because nobody looked at it again."""
