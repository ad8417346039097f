"""What one process leaves for the next: the same answers, taken only if nothing has changed, and never foreign."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest

from yibiao.contracts import load, load_schemas
from yibiao.contracts.load import read_schemas
from yibiao.matching import lexicon as lexicons
from yibiao.matching import model as models
from yibiao.matching import printable as printables
from yibiao.matching.check import check_tables
from yibiao.matching.fields import FormField, FormTable
from yibiao.matching.lexicon import lexicon_of
from yibiao.matching.model import PLACE, load_model
from yibiao.matching.prepared import MOST, Prepared
from yibiao.settings import Settings

SCHEMAS = Path(__file__).parents[3] / "schemas"
HEADERS = ("姓名", "身份证号码", "房号")
FORM = FormTable("表", "居民登记表", tuple(FormField("表", place, (one,)) for place, one in enumerate(HEADERS)))


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch):
    """Call it to begin as a new process does, which knows nothing."""

    def forget() -> None:
        monkeypatch.setattr(load, "_known", {})
        monkeypatch.setattr(models, "_KEPT", {})
        monkeypatch.setattr(lexicons, "_MADE", [])
        monkeypatch.setattr(printables, "_MADE", [])

    forget()
    return forget


@pytest.fixture
def cache(forgetful, tmp_path: Path) -> Path:
    """What a process left."""
    cache = tmp_path / "cache"
    prepared = Prepared(SCHEMAS, cache)
    assert not prepared.taken
    prepared.leave()
    (path,) = cache.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700
    return cache


@pytest.fixture
def other(cache: Path, forgetful, tmp_path: Path) -> Path:
    """A copy of the schemas, and what a process left of it."""
    other = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, other)
    forgetful()
    first = Prepared(other, cache)
    assert not first.taken
    first.leave()
    forgetful()
    return other


def test_what_was_left_answers_as_what_is_read(cache: Path, forgetful):
    read, doubts = read_schemas(SCHEMAS)
    told = [one.as_dict() for one in check_tables([FORM], SCHEMAS, read)]
    forgetful()
    assert Prepared(SCHEMAS, cache).taken
    taken = load_schemas(SCHEMAS)
    assert taken is not read
    assert taken == read
    assert read_schemas(SCHEMAS)[1] == doubts
    model = load_model(SCHEMAS)
    assert model.sense is not None
    lexicon = lexicon_of(taken, model.learned)
    assert lexicon.schemas is taken
    assert [one.as_dict() for one in check_tables([FORM], SCHEMAS, taken)] == told
    # Nothing was read anew for it.
    assert lexicon_of(taken, model.learned) is lexicon


def test_nothing_is_taken_after_a_change(cache: Path, forgetful, other: Path):
    assert Prepared(other, cache).taken
    element = other / "departments.yml"
    element.write_text(element.read_text() + "\n# changed\n")
    forgetful()
    assert not Prepared(other, cache).taken
    element.write_text(element.read_text().removesuffix("\n# changed\n"))
    forgetful()
    assert Prepared(other, cache).taken
    (other / PLACE).write_bytes((other / PLACE).read_bytes() + b"\n")
    forgetful()
    assert not Prepared(other, cache).taken


def test_another_sense_than_it_was_made_with_is_not_taken(cache: Path, forgetful, other: Path):
    (other / models.SENSE).write_bytes(b"another")
    forgetful()
    assert not Prepared(other, cache).taken


@pytest.mark.parametrize("spoil", [b"", b"torn", pickle.dumps({"schemas": 1}), pickle.dumps(os.system)])
def test_a_file_that_is_none_is_passed_over_and_written_anew(cache: Path, forgetful, spoil: bytes):
    (path,) = cache.iterdir()
    path.write_bytes(spoil)
    forgetful()
    prepared = Prepared(SCHEMAS, cache)
    assert not prepared.taken
    prepared.leave()
    forgetful()
    assert Prepared(SCHEMAS, cache).taken


def test_a_file_that_asks_for_anything_else_makes_nothing(cache: Path, forgetful, tmp_path: Path):
    (path,) = cache.iterdir()
    mark = tmp_path / "mark"

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(mark),))

    path.write_bytes(pickle.dumps(Evil()))
    forgetful()
    assert not Prepared(SCHEMAS, cache).taken
    assert not mark.exists()


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_others_may_write_is_neither_read_nor_written(cache: Path, forgetful, what: str):
    (path,) = cache.iterdir()
    before = path.read_bytes()
    (cache if what == "folder" else path).chmod(0o777)
    forgetful()
    prepared = Prepared(SCHEMAS, cache)
    assert not prepared.taken
    if what == "folder":
        path.unlink()
        prepared.leave()
        assert not list(cache.iterdir())
    else:
        prepared.leave()
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(path.read_bytes()) == len(before)


def test_without_a_folder_all_is_read_as_ever(forgetful, tmp_path: Path):
    prepared = Prepared(SCHEMAS, None)
    assert not prepared.taken
    prepared.leave()
    nowhere = tmp_path / "file"
    nowhere.write_text("no folder")
    prepared = Prepared(SCHEMAS, nowhere / "cache")
    assert not prepared.taken
    prepared.leave()
    assert nowhere.read_text() == "no folder"


def test_few_files_are_left(cache: Path, forgetful):
    for number in range(MOST + 2):
        (cache / f"matching-{number}.pickle").write_bytes(b"old")
        os.utime(cache / f"matching-{number}.pickle", (number, number))
    (mine,) = (one for one in cache.iterdir() if one.stat().st_size > 10)
    mine.unlink()
    forgetful()
    Prepared(SCHEMAS, cache).leave()
    assert len(list(cache.iterdir())) == MOST
    assert mine.exists()


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"YIBIAO_CACHE": "/some/where"}, Path("/some/where")),
        ({"YIBIAO_CACHE": "none"}, None),
        ({"XDG_CACHE_HOME": "/caches"}, Path("/caches/yibiao")),
        ({"XDG_CACHE_HOME": "relative"}, None),
        ({"HOME": "/home/somebody"}, Path("/home/somebody/.cache/yibiao")),
    ],
)
def test_the_folder_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch, variables, found):
    for name in ("YIBIAO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Settings.load().cache == found
