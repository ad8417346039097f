"""Teaches the language model what headers ask, with PyTorch; needs nothing of the project.

    build/sense/bin/python -m bench.sense.train build/sense/forms.json build/sense [--only FOLD]

One model a fold, taught by the other folds, and one taught by all: `fold-0.npz` to `fold-4.npz` and `sense.npz`, each
on one processor and with a gigabyte of memory, as many side by side as there are processors. Of the same numbers the
same program makes the same model on one machine; another processor rounds otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.sense.base import Base

LAYERS = 6
EPOCHS = 6
AT_ONCE = 6
RATE, RATE_OF_HEADS = 2e-4, 1e-3
FADES = 0.1
"""Share of figures that are set to nought in training."""
WITHOUT_TITLE, UNREAD = 0.15, 0.04
"""Share of forms that are read without their title, and of pieces that are read as unknown: forms that come have other
titles and other words."""
OTHERS_EVERY = 6
"""A form that nobody read takes part in one of so many rounds, in turn."""
NAMES_AT_ONCE = 20
"""Names of the registry that are read as one form."""
AS_NAME = 1 / 3
"""How much a name of the registry counts beside a header that was read somewhere."""
SMOOTHED = 0.02
UNTAUGHT = -1


@dataclass(frozen=True)
class Line:
    """What is read at once, with what its headers ask: begin, end, element, role, derive, worth; -1: not taught."""

    pieces: list[int]
    title: int
    headers: list[tuple[int, int, int, int, int, float]]

    @property
    def worth(self) -> float:
        return self.headers[0][-1]

    def counting(self, times: int) -> Line:
        """The same, counting so many times."""
        return Line(self.pieces, self.title, [(*one[:-1], times * one[-1]) for one in self.headers])

    def untitled(self) -> Line:
        less = self.title - 2
        headers = [(begin - less, end - less, *rest) for begin, end, *rest in self.headers]
        return Line([self.pieces[0], *self.pieces[self.title - 1 :]], 2, headers)  # type: ignore[arg-type]


class Layer(nn.Module):
    def __init__(self, wide: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.asks, self.hears = nn.Linear(wide, 3 * wide), nn.Linear(wide, wide)
        self.inner, self.out = nn.Linear(wide, inner), nn.Linear(inner, wide)
        self.heard, self.done = nn.LayerNorm(wide, eps=1e-12), nn.LayerNorm(wide, eps=1e-12)
        self.fade = nn.Dropout(FADES)

    def forward(self, state: Any, kept: Any) -> Any:
        many, long, wide = state.shape
        both = self.asks(state).view(many, long, 3, self.heads, wide // self.heads).permute(2, 0, 3, 1, 4)
        near = functional.scaled_dot_product_attention(both[0], both[1], both[2], attn_mask=kept)
        heard = near.transpose(1, 2).reshape(many, long, wide)
        state = self.heard(state + self.fade(self.hears(heard)))
        inner = functional.gelu(self.inner(state), approximate="tanh")
        return self.done(state + self.fade(self.out(inner)))


class Net(nn.Module):
    """The first layers of the language model, and three heads: element, role, derivation."""

    def __init__(self, base: Base, numbers: Sequence[int], names: Sequence[Sequence[int]], told: dict[str, int]):
        super().__init__()
        shape = base.shape
        wide = shape.width
        self.word = nn.Embedding(len(numbers), wide)
        self.place = nn.Embedding(shape.places, wide)
        self.first = nn.LayerNorm(wide, eps=1e-12)
        self.layers = nn.ModuleList(Layer(wide, shape.inner, shape.heads) for _ in range(LAYERS))
        self.fade = nn.Dropout(FADES)
        self.pre = nn.Linear(wide, wide)
        self.element = nn.Linear(wide, told["elements"])
        self.role = nn.Linear(wide, told["roles"])
        self.derive = nn.Linear(wide, told["derives"])
        with torch.no_grad():
            self._begin(base, numbers)
            self._as_named(names)

    def _begin(self, base: Base, numbers: Sequence[int]) -> None:
        wide = base.shape.width

        def put(into: Any, found: Any) -> None:
            into.copy_(torch.from_numpy(found))

        put(self.word.weight, base.matrix("emb.word", wide, np.array(numbers)))
        put(self.place.weight, base.row("emb.pos").reshape(-1, wide)[: base.shape.places] + base.row("emb.type")[:wide])
        put(self.first.weight, base.row("emb.ln.w"))
        put(self.first.bias, base.row("emb.ln.b"))
        for number, layer in enumerate(self.layers):
            at = f"l{number}."
            put(layer.asks.weight, np.concatenate([base.matrix(f"{at}{one}.w", wide) for one in "qkv"]))
            put(layer.asks.bias, np.concatenate([base.row(f"{at}{one}.b") for one in "qkv"]))
            for into, name, width in (
                (layer.hears, "ao", wide),
                (layer.inner, "fi", wide),
                (layer.out, "fo", base.shape.inner),
            ):
                put(into.weight, base.matrix(f"{at}{name}.w", width))
                put(into.bias, base.row(f"{at}{name}.b"))
            for into, name in ((layer.heard, "aln"), (layer.done, "oln")):
                put(into.weight, base.row(f"{at}{name}.w"))
                put(into.bias, base.row(f"{at}{name}.b"))

    def _as_named(self, names: Sequence[Sequence[int]]) -> None:
        """Elements begin as what their names mean, so that rare ones are near what they are like."""
        self.eval()
        means = torch.stack([self.states(torch.tensor([list(one)]), None)[0, 1:-1].mean(dim=0) for one in names])
        means = means - means.mean(dim=0)
        self.element.weight.copy_(2 * means / means.norm(dim=1, keepdim=True))
        self.element.bias.zero_()

    def states(self, pieces: Any, kept: Any) -> Any:
        state = self.fade(self.first(self.word(pieces) + self.place.weight[: pieces.shape[1]]))
        for layer in self.layers:
            state = layer(state, kept)
        return state

    def forward(self, pieces: Any, kept: Any, lines: Any, places: Any) -> tuple[Any, Any, Any]:
        states = self.states(pieces, kept[:, None, None, :])
        means = self.fade(torch.einsum("nl,nlh->nh", places, states[lines]))
        means = self.fade(means + torch.tanh(self.pre(means)))
        return self.element(means), self.role(means), self.derive(means)


class Teacher:
    """Everything that is taught, by fold."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.lines: dict[int, list[Line]] = defaultdict(list)
        for one in told["lines"]:
            self.lines[one["fold"]].append(Line(one["pieces"], one["title"], [tuple(each) for each in one["headers"]]))
        self.marks = told["marks"]
        self.names: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in told["names"]:
            self.names[one["entity"]].append(one)

    def batches(self, without: int | None, epoch: int) -> list[list[Line]]:
        """Batches of one round: forms that were read, some of the others, half of the registry's names.

        The others come in turn, in one of `OTHERS_EVERY` rounds, and count so many times then, which is the same and
        less work. Some forms are read without their title.
        """
        some = []
        for fold, lines in sorted(self.lines.items()):
            for place, one in enumerate(lines if fold != without else ()):
                if one.worth == 1.0:
                    some.append(one.untitled() if random.random() < WITHOUT_TITLE else one)
                elif (place + epoch) % OTHERS_EVERY == 0:
                    some.append(one.counting(OTHERS_EVERY))
        some += self._named(without)
        random.shuffle(some)
        found = []
        for begin in range(0, len(some), AT_ONCE * 16):
            alike = sorted(some[begin : begin + AT_ONCE * 16], key=lambda one: len(one.pieces))
            found += [alike[place : place + AT_ONCE] for place in range(0, len(alike), AT_ONCE)]
        random.shuffle(found)
        return found

    def _named(self, without: int | None) -> Iterator[Line]:
        for entity, names in sorted(self.names.items()):
            # What a fold asks as if nobody had written it is told to it neither as a name.
            names = [one for one in names if without not in one["unheard"] and random.random() < 0.5]
            random.shuffle(names)
            for begin in range(0, len(names), NAMES_AT_ONCE):
                said = self.told["entities"][entity] if random.random() < 0.5 else []
                line = [self.marks["begin"], *said, self.marks["end"]]
                title, headers = len(line), []
                for one in names[begin : begin + NAMES_AT_ONCE]:
                    headers.append((len(line), len(line) + len(one["pieces"]), *one["asks"], 2 * AS_NAME))
                    line += [*one["pieces"], self.marks["apart"]]
                yield Line([*line, self.marks["end"]], title, headers)

    def batch(self, lines: Sequence[Line], *, unread: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        long = max(len(one.pieces) for one in lines)
        pieces = torch.full((len(lines), long), self.marks["blank"])
        kept = torch.zeros(len(lines), long, dtype=torch.bool)
        of, asked = [], []
        places = torch.zeros(sum(len(one.headers) for one in lines), long)
        for number, one in enumerate(lines):
            read = [piece if random.random() >= unread else self.marks["unknown"] for piece in one.pieces]
            pieces[number, : len(read)] = torch.tensor(read)
            kept[number, : len(read)] = True
            for begin, end, *what in one.headers:
                places[len(of), begin:end] = 1 / (end - begin)
                of.append(number)
                asked.append(what)
        element, role, derive, worth = zip(*asked, strict=True)
        goal = (torch.tensor(element), torch.tensor(role), torch.tensor(derive), torch.tensor(worth))
        return (pieces, kept, torch.tensor(of), places), goal


def teach(teacher: Teacher, base: Base, without: int | None) -> Net:
    """A model taught by all folds but one."""
    seed = 7 if without is None else without
    random.seed(seed)
    torch.manual_seed(seed)
    told = teacher.told
    net = Net(base, told["base"], told["elements_named"], {one: len(told[one]) for one in COUNTED})
    heads = [one for name, one in net.named_parameters() if name.partition(".")[0] in HEADS]
    rest = [one for name, one in net.named_parameters() if name.partition(".")[0] not in HEADS]
    groups = [{"params": rest, "lr": RATE}, {"params": heads, "lr": RATE_OF_HEADS}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = sum(len(teacher.batches(without, epoch)) for epoch in range(EPOCHS))
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.1 * steps)) * max(0.0, 1 - step / steps)
    )
    began = time.time()
    for epoch in range(EPOCHS):
        net.train()
        lost = []
        for lines in teacher.batches(without, epoch):
            read, goal = teacher.batch(lines, unread=UNREAD)
            loss = _loss(net(*read), goal)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            pace.step()
            lost.append(loss.item())
        told_of = "of all" if without is None else f"without fold {without}"
        took = time.time() - began
        print(f"{told_of}: epoch {epoch + 1}/{EPOCHS}, loss {np.mean(lost):.4f}, {took:.0f} s", flush=True)
    return net


COUNTED = ("elements", "roles", "derives")
HEADS = ("pre", "element", "role", "derive")


def _loss(found: Sequence[Any], goal: Sequence[Any]) -> Any:
    element, role, derive, worth = goal
    whole = (functional.cross_entropy(found[0], element, reduction="none", label_smoothing=SMOOTHED) * worth).sum()
    for chances, asked in ((found[1], role), (found[2], derive)):
        some = asked != UNTAUGHT
        if some.any():
            whole = whole + (functional.cross_entropy(chances[some], asked[some], reduction="none") * worth[some]).sum()
    return whole / worth.sum()


def stored(net: Net, told: dict[str, Any], places: int) -> dict[str, Any]:
    """What `yibiao.matching.sense.Sense` reads: matrices in whole numbers of eight bits, a scale a row."""
    found: dict[str, Any] = {
        "pieces": np.frombuffer("\n".join(told["pieces"]).encode(), np.uint8),
        "chances": np.array(told["chances"], np.float32),
        "taught": np.array(told["hash"]),
        "marks": np.array([told["marks"][one] for one in ("begin", "end", "below", "apart", "unknown")], np.int32),
        "layers": np.array(LAYERS),
        **{one: np.array(told[one]) for one in COUNTED},
    }

    def put(name: str, weight: Any) -> None:
        figures = weight.detach().numpy()
        scale = np.abs(figures).max(axis=1) / 127
        scale[scale == 0] = 1.0
        found[name] = np.rint(figures / scale[:, None]).astype(np.int8)
        found[f"{name}_scale"] = scale.astype(np.float32)

    def put_both(name: str, linear: Any) -> None:
        put(name, linear.weight)
        found[f"{name}_bias"] = linear.bias.detach().numpy()

    def put_norm(name: str, norm: Any) -> None:
        found[f"{name}_spread"], found[f"{name}_bias"] = norm.weight.detach().numpy(), norm.bias.detach().numpy()

    put("word", net.word.weight)
    put("place", net.place.weight[:places])
    put_norm("first", net.first)
    for number, layer in enumerate(net.layers):
        for name, linear in (("asks", layer.asks), ("hears", layer.hears), ("in", layer.inner), ("out", layer.out)):
            put_both(f"{number}_{name}", linear)
        put_norm(f"{number}_heard", layer.heard)
        put_norm(f"{number}_done", layer.done)
    for name in HEADS:
        put_both(name, getattr(net, name))
    return found


def main() -> None:
    """Write the models that are wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("told", type=Path)
    parser.add_argument("into", type=Path)
    parser.add_argument("--only", help="a fold by its number, or 'all'")
    given = parser.parse_args()
    folds = json.loads(given.told.read_bytes())["folds"]
    # The one of all takes longest, and begins.
    some = [one for one in (None, *range(folds)) if given.only in (None, "all" if one is None else str(one))]
    if not some:
        parser.error(f"--only: 'all' or a fold below {folds}, not {given.only!r}")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for name in pool.map(partial(_write, given.told, given.into), some):
            print(f"{name} is written", flush=True)


def _write(told_at: Path, into: Path, without: int | None) -> str:
    """Teach one model and write it."""
    torch.set_num_threads(1)
    read = told_at.read_bytes()
    told = json.loads(read) | {"hash": sha256(read).hexdigest()[:16]}
    name = "sense.npz" if without is None else f"fold-{without}.npz"
    np.savez(into / name, **stored(teach(Teacher(told), Base(), without), told, told["longest"]))
    return name


if __name__ == "__main__":
    main()
