"""The one tree of errors that a user can meet.

Every error says what went wrong, where, what was expected, what was found and what to do. The text never holds a value
out of a delivery: a file, a row number, a column and a rule name are enough to find it, and logs travel further than
data may.
"""

from __future__ import annotations


class YibiaoError(Exception):
    """Base of all expected failures.

    Args:
        what: the failure in one sentence.
        where: file, report, row or setting that it concerns.
        expected: what a correct input would have been.
        got: what was found instead; never a personal value.
        todo: what the reader should do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", expected: str = "", got: str = "", todo: str = "") -> None:
        self.what, self.where, self.expected, self.got, self.todo = what, where, expected, got, todo
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [self.what]
        for label, text in (
            ("where", self.where),
            ("expected", self.expected),
            ("got", self.got),
            ("to do", self.todo),
        ):
            if text:
                parts.append(f"{label}: {text}")
        return "\n  ".join(parts)

    def __reduce__(self):  # keyword-only arguments do not survive pickling between processes otherwise
        return _rebuild, (type(self), self.what, self.as_dict())

    def as_dict(self) -> dict[str, str]:
        """The same five parts as a JSON-ready mapping."""
        return {
            "what": self.what,
            "where": self.where,
            "expected": self.expected,
            "got": self.got,
            "todo": self.todo,
        }


def _rebuild(cls: type[YibiaoError], what: str, parts: dict[str, str]) -> YibiaoError:
    parts = {key: text for key, text in parts.items() if key != "what"}
    return cls(what, **parts)


class ContractError(YibiaoError):
    """A contract, element, code list, entity, form or expectation file is wrong. `where` is `file:line`."""


class AdmissionError(YibiaoError):
    """A form cannot be admitted, renewed or retired, or its burden cannot be accounted for."""


class DeliveryError(YibiaoError):
    """A delivery cannot be fetched or read; the report's other deliveries go on."""


class LoadError(YibiaoError):
    """A load package is damaged or cannot be written."""


class WarehouseError(YibiaoError):
    """Staging, identity or unification failed."""


class LinkageError(YibiaoError):
    """Records cannot be linked: table, settings and model do not fit together."""


class GateError(YibiaoError):
    """The quality gate could not be evaluated, or a critical expectation failed."""


class ReleaseError(YibiaoError):
    """A release cannot be built, found, switched or read."""


class HomeError(YibiaoError):
    """The working folder is missing, locked, or of another format version."""


class FormError(YibiaoError):
    """A form cannot be filled, or a returned one is not what was sent out."""
