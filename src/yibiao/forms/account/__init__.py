"""The burden account (负担账): what forms cost in whole seconds, before and after, and what really came back.

`costs` is the formula, `change` splits a difference into parts that add up, `report` and `page` show the account,
`simulate` says what a change would save, `once` what the forms of `schemas/forms` cost when each fact is asked once.
"""
