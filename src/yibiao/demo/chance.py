"""Randomness of the demo: named streams and hash draws, so that no draw depends on the order of the work.

A *stream* is a numpy Generator of its own for every part of the world. A *draw* is a pure function of (seed, salt,
number): the same person gets the same damage from the same department in every edition, as a wrong value in a real
database stays wrong until somebody mends it.
"""

from __future__ import annotations

import zlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one named part of the world."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def mix(seed: int, salt: str, numbers: np.ndarray) -> np.ndarray:
    """64 mixed bits per number (splitmix64's finaliser, Steele et al. 2014): uint64, same shape."""
    start = (zlib.crc32(salt.encode()) << 32 | zlib.crc32(f"{seed}/{salt}".encode())) ^ (seed & 0xFFFFFFFF)
    bits = numbers.astype(np.uint64)
    with np.errstate(over="ignore"):
        bits += np.uint64(1)
        bits *= _GOLDEN
        bits ^= np.uint64(start)
        bits ^= bits >> np.uint64(30)
        bits *= _MIX_1
        bits ^= bits >> np.uint64(27)
        bits *= _MIX_2
        bits ^= bits >> np.uint64(31)
    return bits


def draw(seed: int, salt: str, numbers: np.ndarray) -> np.ndarray:
    """A uniform float in [0, 1) per number."""
    return (mix(seed, salt, numbers) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(seed: int, salt: str, numbers: np.ndarray, limit: int | np.ndarray) -> np.ndarray:
    """A whole number in [0, limit) per number."""
    return (draw(seed, salt, numbers) * limit).astype(np.int64)


def weighted(seed: int, salt: str, numbers: np.ndarray, weights: list[float] | np.ndarray) -> np.ndarray:
    """An index into `weights` per number, chosen by weight."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    edges /= edges[-1]
    return np.minimum(np.searchsorted(edges, draw(seed, salt, numbers), side="right"), len(edges) - 1)


def choose(rng: np.random.Generator, weights: list[float] | np.ndarray, size: int) -> np.ndarray:
    """`size` indices into `weights`, chosen by weight (faster than Generator.choice)."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    edges /= edges[-1]
    return np.minimum(np.searchsorted(edges, rng.random(size), side="right"), len(edges) - 1)
