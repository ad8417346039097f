"""YAML files with the line of every mistake: read fast, and look for lines only when something is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from yibiao.errors import ContractError

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML built without libyaml: ten times slower, same result
    from yaml import SafeLoader as _Base  # type: ignore[assignment]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (`error`) or doubtful (`warning`, `info`) in the schemas; `where` is `file:line`."""

    severity: str
    rule: str
    what: str
    where: str
    expected: str = ""
    got: str = ""
    todo: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def as_error(self) -> ContractError:
        return ContractError(self.what, where=self.where, expected=self.expected, got=self.got, todo=self.todo)


class Findings(list[Finding]):
    """Collects findings, so that one run of lint shows all of them."""

    def error(self, rule: str, what: str, where: str, *, expected: str = "", got: str = "", todo: str = "") -> None:
        self.append(Finding("error", rule, what, where, expected, got, todo))

    def warning(self, rule: str, what: str, where: str, *, expected: str = "", got: str = "", todo: str = "") -> None:
        self.append(Finding("warning", rule, what, where, expected, got, todo))

    def info(self, rule: str, what: str, where: str) -> None:
        self.append(Finding("info", rule, what, where))

    def raise_errors(self) -> None:
        """Raise the first error; its text tells how many more there are."""
        errors = [finding for finding in self if finding.severity == "error"]
        if not errors:
            return
        first = errors[0].as_error()
        if len(errors) > 1:
            more = f"{len(errors) - 1} more: run `yibiao contract lint`"
            first = ContractError(
                first.what,
                where=first.where,
                expected=first.expected,
                got=first.got,
                todo=f"{first.todo} ({more})" if first.todo else more,
            )
        raise first


class _Loader(_Base):  # type: ignore[misc,valid-type]
    """Refuses a key that is written twice, which YAML itself would silently resolve to the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            seen: set[str] = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is written twice", key.start_mark
                    )
                seen.add(key.value)
        return mapping


# The safe constructor yields mappings lazily through its own function; register ours so that it is used for all.
def _construct(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _construct)


class Document:
    """One YAML file.

    Args:
        path: the file.
        root: folder that file names in messages are relative to.

    Raises:
        ContractError: unreadable, not UTF-8 or not YAML.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        self.name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        try:
            self.text = path.read_text(encoding="utf-8")
            self.data: Any = yaml.load(self.text, _Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise ContractError(
                f"The file is not valid YAML: {error.problem or error.context}.",
                where=f"{self.name}:{line}",
                todo="Correct the line.",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(
                "The file cannot be read.",
                where=self.name,
                expected="a UTF-8 text file",
                got=type(error).__name__,
            ) from None

    @cached_property
    def _nodes(self) -> yaml.Node | None:
        return yaml.compose(self.text, _Loader)

    def where(self, *path: str | int) -> str:
        """`file:line` of the deepest node on the path that exists.

        Strings are keys, numbers are places in lists; in a list of `{property, value}` a string is a property's name.
        """
        node = self._nodes
        line = node.start_mark.line if node else 0
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return f"{self.name}:{line + 1}"


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            name = _child(item, "property") if isinstance(item, yaml.MappingNode) else None
            if name and name[1].value == step:
                return item.start_mark.line, item
    return None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A hint for the nearest known word, or nothing, as for a word that is known."""
    words = list(known)
    if given in words:
        return ""  # at once: some ask before they know whether a hint is wanted, thousands of times
    near = difflib.get_close_matches(str(given), words, n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`?" if near else ""


def shorten(words: Collection[str], limit: int = 12) -> str:
    """Known words for a message, cut when there are many."""
    listed = sorted(words)
    return ", ".join(listed[:limit]) + (f" ... ({len(listed)} in all)" if len(listed) > limit else "")


def read_fields(
    document: Document,
    path: tuple[str | int, ...],
    given: Any,
    fields: Mapping[str, type | tuple[type, ...]],
    required: Collection[str],
    findings: Findings,
) -> dict[str, Any] | None:
    """The mapping at `path` with known keys of the right types only; None if it cannot be used.

    Args:
        fields: known key -> type, or types, of its value.
        required: keys that must be there.
    """
    if not isinstance(given, dict):
        findings.error(
            "shape", "A mapping is expected.", document.where(*path), expected=shorten(fields), got=type(given).__name__
        )
        return None
    usable = True
    for key in given:
        if key not in fields:
            usable = False
            findings.error(
                "unknown-key",
                f"Unknown key `{key}`.",
                document.where(*path, key),
                expected=shorten(fields),
                todo=did_you_mean(key, fields) or "Remove it.",
            )
        elif not isinstance(given[key], fields[key]) or (isinstance(given[key], bool) and fields[key] is not bool):
            usable = False
            kinds = fields[key] if isinstance(fields[key], tuple) else (fields[key],)
            findings.error(
                "wrong-type",
                f"The value of `{key}` has the wrong type.",
                document.where(*path, key),
                expected=" or ".join(kind.__name__ for kind in kinds),  # type: ignore[union-attr]
                got=type(given[key]).__name__,
                todo="Put it in quotes." if fields[key] is str else "",
            )
    for key in required:
        if key not in given:
            usable = False
            findings.error("missing-key", f"The key `{key}` is missing.", document.where(*path), todo=f"Add `{key}:`.")
    return given if usable else None
