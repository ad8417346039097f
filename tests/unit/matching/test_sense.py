"""What fields ask by the sense of a whole form: reading, counting and keeping, against plain arithmetic."""

from __future__ import annotations

import io
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from bench.sense.outside import Outside, kept, key_of, write
from threadpoolctl import threadpool_info

from yibiao.errors import ContractError
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.pieces import Pieces
from yibiao.matching.sense import (
    HEADS,
    KEPT,
    LEAST,
    LONGEST,
    NOTHING,
    Marks,
    Meaning,
    Sense,
    hash_of,
    open_sense,
    reads,
    unpack_ahead,
)

TEXTS = [
    *("", "", "", "", "/", ";", "姓名", "姓", "名", "户", "主"),
    *("户主", "房", "号", "房号", "(", ")", "是", "、", "否"),
]
WIDE = 2 * HEADS


def form(*paths: str) -> list[FormField]:
    return [FormField("表", column, tuple(path.split("/"))) for column, path in enumerate(paths)]


@pytest.fixture
def pieces() -> Pieces:
    return Pieces(TEXTS, [-1.0 if len(text) > 1 else -2.0 for text in TEXTS], unknown=3)


@pytest.fixture
def small() -> Sense:
    """A model of two narrow layers with weights by chance."""
    chance = np.random.default_rng(3)
    stored = {
        "pieces": np.frombuffer("\n".join(TEXTS).encode(), np.uint8),
        "chances": np.full(len(TEXTS), -2.0, np.float32),
        "marks": np.array([0, 2, 4, 5, 3], np.int32),
        "layers": np.array(2),
        "taught": np.array("nothing"),
        "elements": np.array([NOTHING, "resident_name", "dwelling_code"]),
        "roles": np.array(["", "owner"]),
        "derives": np.array(["", "age"]),
    }

    def put(name: str, rows: int, wide: int) -> None:
        stored[name] = chance.integers(-127, 128, (rows, wide)).astype(np.int8)
        stored[f"{name}_scale"] = chance.uniform(0.001, 0.004, rows).astype(np.float32)
        stored[f"{name}_bias"] = chance.normal(0, 0.1, rows).astype(np.float32)

    def norm(name: str) -> None:
        stored[f"{name}_spread"] = chance.uniform(0.5, 1.5, WIDE).astype(np.float32)
        stored[f"{name}_bias"] = chance.normal(0, 0.1, WIDE).astype(np.float32)

    put("word", len(TEXTS), WIDE)
    put("place", 512, WIDE)
    norm("first")
    for layer in range(2):
        for name, rows, wide in (
            ("asks", 3 * WIDE, WIDE),
            ("hears", WIDE, WIDE),
            ("in", 4 * WIDE, WIDE),
            ("out", WIDE, 4 * WIDE),
        ):
            put(f"{layer}_{name}", rows, wide)
        norm(f"{layer}_heard")
        norm(f"{layer}_done")
    for name, rows in (("pre", WIDE), ("element", 3), ("role", 2), ("derive", 2)):
        put(name, rows, WIDE)
    file = io.BytesIO()
    np.savez(file, **stored)
    return Sense(file.getvalue())


def test_a_text_is_split_into_its_likeliest_pieces(pieces):
    assert [TEXTS[one] for one in pieces.of("户主姓名")] == ["户主", "姓名"]
    assert [TEXTS[one] for one in pieces.of("房 号（户）")] == ["房号", "(", "户", ")"]
    assert pieces.of("龘户") == (3, TEXTS.index("户"))
    assert pieces.of("") == ()


def test_a_form_is_read_with_its_title_and_outer_headers_where_they_change(pieces):
    marks = Marks(0, 2, 4, 5)
    (read,) = reads("户", form("户主/姓名", "户主/房号", "姓名"), pieces, marks)
    told = ["^" if one == 0 else "$" if one == 2 else TEXTS[one] for one in read.pieces]
    assert "".join(told) == "^户$户主/姓名;房号;/姓名;$"
    assert [("".join(TEXTS[one] for one in read.pieces[begin:end])) for _, begin, end in read.headers] == [
        "姓名",
        "房号",
        "姓名",
    ]
    assert [number for number, _, _ in read.headers] == [0, 1, 2]
    assert "".join(told[: read.title]) == "^户$"


def test_a_long_form_is_read_in_parts_each_with_title_and_outer_header(pieces):
    fields = form(*["户主/姓名房号"] * 300)
    parts = list(reads("户", fields, pieces, Marks(0, 2, 4, 5)))
    assert len(parts) > 1
    assert all(len(one.pieces) <= LONGEST + 1 for one in parts)
    assert [number for one in parts for number, _, _ in one.headers] == list(range(300))
    assert {one.pieces[:5] for one in parts} == {(0, TEXTS.index("户"), 2, TEXTS.index("户主"), 4)}


def test_a_header_without_words_has_no_meaning_and_shifts_no_other(small):
    told = small.of("户", [*form("姓名"), *form(*["项目/ "] * 600), *form("户主/：", "房号")])
    assert set(map(str, told[1:-1])) == {str(Meaning({}, {}, {}))}
    assert told[0].elements
    assert told[-1].elements
    assert told[-1] == small.of("户", form("姓名", "房号"))[1]


def test_marks_around_a_header_and_names_before_a_title_say_nothing(pieces):
    marks = Marks(0, 2, 4, 5)
    (plain,) = reads("户主", form("户主/姓名", "房号"), pieces, marks)
    (marked,) = reads("户主", form("户主：/*姓名：", " 房号"), pieces, marks)
    assert plain == marked
    (long,) = reads("号" * 300 + "户主", form("姓名"), pieces, marks)
    assert TEXTS[long.pieces[long.title - 2]] == "户主"


def plainly(sense: Sense, numbers: tuple[int, ...]) -> np.ndarray:
    """The states of a line by loops and double precision, as the papers have it."""
    with np.load(io.BytesIO(sense.read)) as read:
        stored = {name: read[name].astype(float) for name in read.files if read[name].dtype.kind in "if"}

    def matrix(name: str) -> np.ndarray:
        return stored[name] * stored[f"{name}_scale"][:, None]

    def through(row: np.ndarray, name: str) -> np.ndarray:
        return matrix(name) @ row + stored[f"{name}_bias"]

    def evened(row: np.ndarray, name: str) -> np.ndarray:
        return (row - row.mean()) / math.sqrt(row.var() + 1e-12) * stored[f"{name}_spread"] + stored[f"{name}_bias"]

    state = [evened(matrix("word")[number] + matrix("place")[place], "first") for place, number in enumerate(numbers)]
    each = WIDE // HEADS
    for layer in range(2):
        asked = [through(row, f"{layer}_asks") for row in state]
        after = []
        for here, row in enumerate(state):
            heard = np.zeros(WIDE)
            for head in range(HEADS):
                cut = slice(head * each, (head + 1) * each)
                query = asked[here][:WIDE][cut]
                near = np.array([math.exp(query @ one[WIDE : 2 * WIDE][cut] / math.sqrt(each)) for one in asked])
                heard[cut] = sum(
                    share * one[2 * WIDE :][cut] for share, one in zip(near / near.sum(), asked, strict=True)
                )
            row = evened(row + through(heard, f"{layer}_hears"), f"{layer}_heard")
            inner = through(row, f"{layer}_in")
            bent = 0.5 * inner * (1 + np.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner**3)))
            after.append(evened(row + through(bent, f"{layer}_out"), f"{layer}_done"))
        state = after
    return np.array(state)


def test_states_are_those_of_plain_arithmetic(small):
    numbers = (0, 9, 2, 11, 4, 6, 5, 14, 5, 2)
    assert small._states(np.array(numbers)) == pytest.approx(plainly(small, numbers), abs=2e-4)


def test_chances_of_a_field_add_up_to_one(small):
    (told,) = small.of("户", form("姓名"))
    for chances in (told.elements, told.roles, told.derives):
        assert sum(map(math.exp, chances.values())) == pytest.approx(1, abs=0.01)


def test_neighbours_and_title_change_what_a_field_asks(small):
    alone, beside, titled = (
        small.of(title, form(*paths))[0]
        for title, paths in (("", ["房号"]), ("", ["房号", "户主"]), ("户主", ["房号"]))
    )
    assert alone != beside
    assert alone != titled


def test_what_was_read_ahead_is_read_once_and_a_copy_reads_alike(small, monkeypatch):
    fields = form("户主/姓名", "房号")
    copy = pickle.loads(pickle.dumps(small))
    began = []
    whole = Sense._read_whole
    monkeypatch.setattr(Sense, "_read_whole", lambda sense, *form: began.append(1) or whole(sense, *form))
    forms = [(str(number), fields) for number in range(KEPT + 3)]
    small.ahead(forms)
    for title, some in forms:
        assert small.of(title, some) == copy.of(title, some)
    small.ahead(forms[-1:])
    assert small.of(*forms[-1]) is small.of(*forms[-1])
    assert len(began) == 2 * len(forms), "each once by the model and once by its copy"


def test_reading_leaves_the_threads_of_others_as_they_were(small):
    def threads() -> list[int]:
        return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

    before = threads()
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda number: small.of(str(number), form("姓名", "房号")), range(40)))
    assert threads() == before


def test_a_meaning_tells_how_likely_a_fact_is():
    told = Meaning({"resident_name": math.log(0.7), NOTHING: math.log(0.2), "dwelling_code": -3.0}, {"owner": 0.0}, {})
    asked = Fact("resident_name", "owner")
    assert told.element(asked) == pytest.approx(math.log(0.7) - LEAST)
    assert told.another(asked) == -3.0 - LEAST
    assert told.sure(asked) == pytest.approx(-math.log(0.3))
    assert (told.role(asked), told.role(Fact("resident_name"))) == (-LEAST, 0.0)
    assert told.likeliest(0.5) == asked
    assert told.likeliest(0.8) is None
    assert told.chances(asked) == pytest.approx((0.7, 0.2, math.exp(-3), 1.0, 0.0))
    assert Meaning(told.elements, told.roles, {"": math.log(0.5)}).chances(asked)[-1] == pytest.approx(0.35)
    none = Meaning({}, {}, {})
    assert none.chances(asked) == (0.0,) * 5
    assert (none.element(asked), none.nothing(), none.another(asked), none.likeliest(0.0)) == (0.0, 0.0, 0.0, None)
    assert none.sure(asked) == pytest.approx(0.0, abs=1e-3)
    firmness = [Meaning({"a": math.log(one)}, {}, {}).sure(Fact("a")) for one in (0.1, 0.5, 0.9, 0.999, 1.0)]
    assert all(one < other for one, other in pairwise(firmness))


def test_what_is_kept_of_labelled_forms_is_read_as_it_was_written(small, tmp_path):
    fields = {title: form(*paths) for title, paths in {"a": ["姓名"], "b": ["户主/姓名", "房号"]}.items()}
    said = {
        key_of(title, one): meaning
        for title, some in fields.items()
        for one, meaning in zip(some, small.of(title, some), strict=True)
    }
    write(Outside(said, "taught"), tmp_path / "outside.npz")
    again = kept(tmp_path / "outside.npz")
    assert again.taught == "taught"
    for title, some in fields.items():
        for one, other in zip(again.of(title, some), small.of(title, some), strict=True):
            for kind in ("elements", "roles", "derives"):
                assert getattr(one, kind) == pytest.approx(getattr(other, kind), abs=5e-3)
    with pytest.raises(ContractError, match="has come or changed"):
        again.of("a", form("姓名", "房号"))
    with pytest.raises(ContractError, match="not there"):
        kept(tmp_path / "none.npz")


def test_what_was_unpacked_before_says_the_same(small: Sense):
    before = Sense(small.read)
    before.unpack()
    fields = form("姓名", "户主/姓名", "房号")
    assert before.of("房屋", fields) == small.of("房屋", fields)


def test_a_file_is_opened_once_until_it_is_another(small: Sense, tmp_path):
    path = tmp_path / "sense.npz"
    assert open_sense(path).read == b""
    path.write_bytes(small.read)
    first = open_sense(path)
    assert open_sense(path) is first
    assert first.hash == hash_of(small.read)
    path.write_bytes(small.read + b"\0")
    assert open_sense(path) is not first
    unpack_ahead(tmp_path / "nothing")  # says nothing: whoever reads it says what is wrong
