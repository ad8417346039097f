"""Boosted decision trees as a model file holds them: each adds to a logit what its leaf says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

LEAF = -1
"""Stands in the place of a figure in a node that asks no more."""


class Node(NamedTuple):
    """A question, or an answer.

    Attributes:
        figure: place of the figure that is asked, or `LEAF`.
        most: the greatest value with which it goes on at `below`.
        below, above: places of the next nodes.
        says: what a leaf adds.
    """

    figure: int
    most: float
    below: int
    above: int
    says: float


@dataclass(frozen=True)
class Trees:
    """The sum of some trees.

    Attributes:
        base: logit of which they begin.
        trees: nodes of each; the first is asked first.
    """

    base: float
    trees: tuple[tuple[Node, ...], ...]

    def logit(self, figures: Sequence[float]) -> float:
        """What they say of one row of figures."""
        total = self.base
        for nodes in self.trees:
            figure, most, below, above, says = nodes[0]
            while figure >= 0:
                figure, most, below, above, says = nodes[below if figures[figure] <= most else above]
            total += says
        return total

    def as_json(self) -> dict[str, Any]:
        """JSON-ready: a leaf is what it adds, a question a list."""
        return {
            "base": self.base,
            "trees": [[node.says if node.figure == LEAF else list(node[:4]) for node in nodes] for nodes in self.trees],
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Trees:
        """The trees that `as_json` gave."""
        return cls(
            stored["base"],
            tuple(tuple(map(_node, nodes)) for nodes in stored["trees"]),
        )


def _node(stored: Any) -> Node:
    if not isinstance(stored, list):
        return Node(LEAF, 0.0, 0, 0, stored)
    figure, most, below, above = stored
    return Node(figure, most, below, above, 0.0)
