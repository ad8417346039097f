"""Work of dbt's own that takes no part in what is built: what it makes for nobody, and what it makes time and again.

dbt 1.11 spends some thirty milliseconds of the processor on every model beside what the database does. A third of that
goes into messages that are dropped, into a namespace of all 700 macros for each of the ten statements of a model, and
into the types that a text in an answer of the database might be of.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Iterator
from functools import cache, wraps
from typing import Any


def spare_work() -> None:
    """From here on dbt leaves all of this out, in this process."""
    put_together_when_read()
    look_macros_up_once()
    make_contexts_once()
    share_types_of_answers()
    read_beginnings_only()


def put_together_when_read() -> None:
    """Let an event for debugging become a message when somebody reads it; when it is dropped, nobody does."""
    from dbt_common.events.base_types import BaseEvent, EventLevel

    put_together, read = BaseEvent.__init__, BaseEvent.__getattr__

    def __init__(self: Any, *arguments: Any, **parts: Any) -> None:
        if arguments or self.level_tag() != EventLevel.DEBUG:
            put_together(self, *arguments, **parts)
        else:
            self.__dict__["parts"] = parts

    def __getattr__(self: Any, key: str) -> Any:
        if (parts := self.__dict__.pop("parts", None)) is not None:
            put_together(self, **parts)
            return getattr(self, key)
        return read(self, key)

    for function in (__init__, __getattr__):
        setattr(BaseEvent, function.__name__, function)


def look_macros_up_once() -> None:
    """Let a namespace of macros be one dictionary, and each macro in it be made in one step.

    dbt makes one for every statement that it renders, and to list it asks five dictionaries for each macro.
    """
    from dbt.clients.jinja import MacroGenerator
    from dbt.context import macros as of_dbt

    def __init__(self: Any, macro: Any, context: Any = None, node: Any = None, stack: Any = None) -> None:
        self.macro, self.context, self.node, self.stack = macro, context, node, stack

    class MacroNamespace(of_dbt.MacroNamespace):
        """Each name is where dbt finds it first."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.all: dict[str, Any] = {}
            for found in reversed(list(self._search_order())):
                self.all.update(found)

        def __getitem__(self, key: str) -> Any:
            return self.all[key]

        def __iter__(self) -> Iterator[str]:
            return iter(self.all)

        def __len__(self) -> int:
            return len(self.all)

        def keys(self) -> Any:
            return self.all.keys()

    def add_macros(self: Any, macros: Collection[Any], context: Any) -> None:
        """All macros of one package: its dictionary has each name once."""
        made = {one.name: MacroGenerator(one, context, self.node, self.thread_ctx) for one in macros}
        package = next(iter(macros)).package_name
        if package in self.internal_package_names:
            self.internal_packages[package] = made
            return
        self.packages[package] = made
        if package == self.search_package:
            self.locals.update(made)
        elif package == self.root_package:
            self.globals.update(made)

    new: Any
    for owner, new in (
        (MacroGenerator, __init__),
        (of_dbt.MacroNamespaceBuilder, add_macros),
        (of_dbt, MacroNamespace),
    ):
        setattr(owner, new.__name__, new)


def make_contexts_once() -> None:
    """Let a thread make what a macro of the adapter finds around it once, not for each table that is renamed, dropped
    or described. Nothing of it is of a table: those are arguments."""
    from dbt.adapters.base.impl import BaseAdapter

    taken: Any = BaseAdapter.set_macro_context_generator

    @wraps(taken)
    def set_macro_context_generator(self: Any, generate: Any) -> None:
        of_thread = threading.local()

        def once(macro: Any, config: Any, manifest: Any, package: str | None) -> Any:
            made: dict[Any, Any] = of_thread.__dict__.setdefault("made", {})
            key = (macro.unique_id, package)
            if key not in made or any(
                now is not then for now, then in zip(made[key][:2], (config, manifest), strict=True)
            ):
                made[key] = config, manifest, generate(macro, config, manifest, package)
            return made[key][2]

        taken(self, once)

    for function in (set_macro_context_generator,):
        setattr(BaseAdapter, function.__name__, function)


def share_types_of_answers() -> None:
    """Let the types that a column of an answer may have be made once, and the table of a statement that has no answer.

    With each type of dates agate makes a parser of dates in English texts, although dbt names the format.
    """
    import agate
    from dbt_common.clients import agate_helper

    made = cache(agate_helper.build_type_tester)

    def build_type_tester(text_columns: Iterable[str], string_null_values: Iterable[str] = ("null", "")) -> Any:
        types = made((), tuple(string_null_values))._possible_types
        return agate.TypeTester(force=dict.fromkeys(text_columns, types[-1]), types=types)

    shared: Any
    for shared in (build_type_tester, cache(agate_helper.empty_table)):
        setattr(agate_helper, shared.__name__, shared)


_BEGINNING = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*with\s+(?:recursive\s+)?", re.IGNORECASE | re.DOTALL)


def read_beginnings_only() -> None:
    """Let the rows of a unit test be put in front of a model without parsing what comes after its WITH: by dbt's parser
    of SQL that takes a second for a model of a hundred kilobytes."""
    from dbt import compilation

    inject = compilation.inject_ctes_into_sql

    def inject_ctes_into_sql(sql: str, ctes: Any) -> str:
        beginning = _BEGINNING.match(sql)
        if beginning is None:
            return inject(sql, ctes)
        return inject(beginning[0], ctes) + sql[beginning.end() :]

    for function in (inject_ctes_into_sql,):
        setattr(compilation, function.__name__, function)
