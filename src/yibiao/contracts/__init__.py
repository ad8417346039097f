"""The schemas folder in Python: data elements, code lists, entities, departments and data contracts."""

from yibiao.contracts.kinds import TYPES
from yibiao.contracts.load import load_registry, load_schemas
from yibiao.contracts.reports import Column, EditionRule, Report, Server
from yibiao.contracts.values import Code, CodeList, Department, Element, Entity, Schemas

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
