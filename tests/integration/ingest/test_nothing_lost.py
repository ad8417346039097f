"""Whatever table of texts is delivered: read = accepted + quarantined, and every cell is what it was."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from yibiao.ingest import LoadPackage, ingest_report
from yibiao.settings import Settings

CODECS = {
    "UTF-8": "utf-8",
    "UTF-8-BOM": "utf-8-sig",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "UTF-16": "utf-16",
}


def cells(codec: str) -> st.SearchStrategy[str]:
    """Texts that the encoding has, separators, quotation marks and line ends among them.

    Without zero bytes, which no text has: their rows are quarantined (test_delimited_text.py).
    """
    characters = st.one_of(st.sampled_from("张三男女无１Ｘ，、·,\"'\n\r\t ;0123456789-X"), st.characters(codec=codec))
    return st.text(characters, max_size=12).map(lambda text: text.translate({0xFEFF: None, 0: None}))


@pytest.mark.parametrize("encoding", CODECS)
def test_every_cell_of_a_csv_file_arrives_unchanged(encoding, make_report, as_csv, content, headers):
    codec = CODECS[encoding]
    report = make_report("csv", "*.csv", encoding=encoding, mode="snapshot")

    row = st.lists(cells(codec.removesuffix("-sig")), min_size=5, max_size=5)
    table = st.lists(row, min_size=1, max_size=30)

    # Three tables an example: the checks of a report are planned once for all its deliveries, and take the most of it.
    @limits(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(tables=st.tuples(table, table, table))
    def check(tables: tuple[list[list[str]], ...]) -> None:
        folder = Path(tempfile.mkdtemp())
        try:
            settings = Settings.load(home=folder / "home", data=folder / "data")
            settings.data.mkdir()
            for month, table in enumerate(tables, start=1):
                (settings.data / f"表_2026{month:02d}.csv").write_bytes(as_csv([headers, *table], codec))
            outcome = ingest_report(report, settings)
            assert not outcome.errors
            assert len(outcome.loaded) == len(tables)
            for loaded in outcome.loaded:
                arrived_unchanged(loaded, tables[int(loaded.manifest["edition"][-2:]) - 1])
        finally:
            shutil.rmtree(folder)

    def arrived_unchanged(loaded: LoadPackage, table: list[list[str]]) -> None:
        manifest = loaded.manifest
        accepted, quarantined = content(loaded.folder)
        assert manifest["counts"] == {
            "read": len(table),
            "accepted": len(accepted),
            "quarantined": len(quarantined),
        }
        found = {row["_row"]: [row[column.name] for column in report.columns] for row in accepted + quarantined}
        assert [found[place] for place in range(1, len(table) + 1)] == table
        assert sum(manifest["rules"].values()) == sum(len(row["_rules"]) for row in quarantined)
        assert all(row["_rules"] for row in quarantined)

    check()


def test_rows_with_too_few_or_too_many_cells_are_quarantined_whole(
    settings, make_report, as_csv, content, headers, rows
):
    text = as_csv([headers, rows[0]]).decode()
    text += "only,two\r\n" + as_csv([rows[1]]).decode() + '1,2,3,4,5,"6,6"\r\n' + as_csv([rows[2]]).decode() + "last"
    (settings.data / "表_202601.csv").write_text(text, encoding="utf-8", newline="")

    outcome = ingest_report(make_report("csv", "*.csv"), settings)

    accepted, quarantined = content(outcome.loaded[0].folder)
    assert [row["_row"] for row in accepted] == [1, 3, 5]
    assert [(row["_row"], row["_rules"], row["_raw"]) for row in quarantined] == [
        (2, ["row.columns"], "only,two"),
        (4, ["row.columns"], '1,2,3,4,5,"6,6"'),
        (6, ["row.columns"], "last"),
    ]
    assert outcome.loaded[0].manifest["counts"] == {"read": 6, "accepted": 3, "quarantined": 3}


def test_rows_keep_their_numbers_over_many_chunks(settings, make_report, content, headers, monkeypatch, number):
    import yibiao.ingest.readers.chunks as chunks
    import yibiao.ingest.readers.delimited as delimited

    monkeypatch.setattr(delimited, "BLOCK", 5000)
    monkeypatch.setattr(chunks.regroup, "__defaults__", (700,))
    lines = [",".join(headers)]
    for place in range(1, 5001):
        if place % 97 == 0:
            lines.append(f"short{place}")
        elif place % 89 == 0:
            lines.append(f'{number(place % 999)},"",男,,"row\n{place}"')  # no name: quarantined
        else:
            lines.append(f'{number(place % 999 // 2 * 2 + 1)},张三,男,1987-03-05,"row\n{place}"')
    (settings.data / "表_202601.csv").write_text("\n".join(lines), encoding="utf-8")

    outcome = ingest_report(make_report("csv", "*.csv"), settings)

    assert not outcome.errors
    accepted, quarantined = content(outcome.loaded[0].folder)
    assert all(row["remark"] == f"row\n{row['_row']}" for row in accepted)
    assert all(
        (row["_raw"] == f"short{row['_row']}") if row["_raw"] else (row["remark"] == f"row\n{row['_row']}")
        for row in quarantined
    )
    numbers = [row["_row"] for row in accepted + quarantined]
    assert sorted(numbers) == list(range(1, 5001))
    assert [row["_row"] for row in quarantined] == [p for p in range(1, 5001) if p % 97 == 0 or p % 89 == 0]
    assert numbers[: len(accepted)] == sorted(numbers[: len(accepted)])


def test_equal_deliveries_give_equal_packages(tmp_path, make_report, as_csv, headers, rows):
    found = []
    for run in ("one", "two"):
        settings = Settings.load(home=tmp_path / run, data=tmp_path / f"{run}-data")
        settings.data.mkdir()
        (settings.data / "表_202601.csv").write_bytes(as_csv([headers, *rows * 400, ["x"] * 5]))
        outcome = ingest_report(make_report("csv", "*.csv"), settings)
        found.append({path.name: path.read_bytes() for path in sorted(outcome.loaded[0].folder.iterdir())})
    assert found[0] == found[1]
