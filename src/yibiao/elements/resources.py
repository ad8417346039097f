"""Information resources (信息资源) as a catalogue lists them: what one department decides of one entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yibiao.contracts import Department, Element, Schemas
from yibiao.contracts.kinds import FRESHNESS, Frozen

CLASSES: Mapping[str, tuple[str, str]] = Frozen(
    resident=("基础信息资源", "国家人口基础信息资源"),
    household=("基础信息资源", "国家人口基础信息资源"),
    dwelling=("基础信息资源", "自然资源和空间地理基础信息资源"),
    organisation=("基础信息资源", "法人单位基础信息资源"),
    benefit=("主题信息资源", "社会保障"),
    event=("主题信息资源", "社区治理"),
)
"""Entity -> 类 and 项 by 政务信息资源目录编制指南(试行); anything else is a department's own (部门信息资源)."""


@dataclass(frozen=True)
class Resource:
    """One information resource.

    Attributes:
        code: `<entity>.<department>`. The official code (信息资源代码) is given when a catalogue registers it.
        provider: first authority of its elements.
        elements: its items (信息项), by id.
    """

    code: str
    entity: str
    entity_name: str
    provider: Department
    elements: tuple[Element, ...]

    @property
    def name(self) -> str:
        return f"{self.entity_name}信息（{self.provider.name}）"

    @property
    def abstract(self) -> str:
        names = "、".join(element.name for element in self.elements[:6])
        more = "等" if len(self.elements) > 6 else ""
        return f"{self.provider.name}为数源的{self.entity_name}数据元共 {len(self.elements)} 项: {names}{more}"

    @property
    def classes(self) -> tuple[str, str]:
        return CLASSES.get(self.entity, ("部门信息资源", self.provider.name))

    @property
    def freshness(self) -> str:
        """The shortest freshness of its elements: how often it has to be brought up to date."""
        order = list(FRESHNESS)
        stated = [
            element.freshness for element in self.elements if element.freshness and element.freshness != "lasting"
        ]
        return min(stated, key=order.index) if stated else "lasting"


def resources(schemas: Schemas) -> tuple[Resource, ...]:
    """Every element in exactly one resource; by code."""
    grouped: dict[tuple[str, str], list[Element]] = {}
    for element in schemas.elements.values():
        if element.authority:
            grouped.setdefault((element.entity, element.authority[0]), []).append(element)
    names = {entity.id: entity.name for entity in schemas.entities.values()}
    return tuple(
        Resource(
            f"{entity}.{department}",
            entity,
            names.get(entity, "公共"),
            schemas.departments[department],
            tuple(elements),
        )
        for (entity, department), elements in sorted(grouped.items())
    )
