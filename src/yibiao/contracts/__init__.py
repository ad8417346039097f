"""The schemas folder in Python: data elements, code lists, entities, departments and data contracts."""

from yibiao.contracts.load import load_registry, load_schemas
from yibiao.contracts.values import (
    TYPES,
    Code,
    CodeList,
    Column,
    Department,
    EditionRule,
    Element,
    Entity,
    Report,
    Schemas,
    Server,
)

__all__ = [
    "TYPES",
    "Code",
    "CodeList",
    "Column",
    "Department",
    "EditionRule",
    "Element",
    "Entity",
    "Report",
    "Schemas",
    "Server",
    "load_registry",
    "load_schemas",
]
