"""A workbook that would take all memory or end the process is refused first."""

from __future__ import annotations

from pathlib import Path

import pytest
from sheet_reading import HEADER, PEOPLE, ROWS, Take, report_of

from workbooks import Sheet, write
from yibiao.errors import DeliveryError
from yibiao.ingest.readers import Reading, read


@pytest.mark.parametrize("take", ["xlsx"], indirect=True)  # XLS cannot be so large; the next test has ODS
def test_a_cell_far_away_is_refused_before_it_takes_all_memory(take: Take) -> None:
    with pytest.raises(DeliveryError, match="too large") as error:
        take(Sheet([HEADER, *ROWS], more={(1_048_575, 16_383): "x"}))
    assert "1,048,576 rows" in error.value.got


def test_repeated_cells_of_ods_are_counted_before_they_take_all_memory(tmp_path: Path) -> None:
    import zipfile

    path = write(tmp_path / "a.ods", {"表": Sheet([HEADER, *ROWS])})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts["content.xml"].replace(
        b'number-rows-repeated="1048000"><table:table-cell/>',
        b'number-rows-repeated="1048000"><table:table-cell office:value-type="float" office:value="1"'
        b' table:number-columns-repeated="1024"><text:p>1</text:p></table:table-cell>',
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, content if name == "content.xml" else data)

    with pytest.raises(DeliveryError, match="too large"):
        list(read("ods", path, report_of("ods", PEOPLE, {}, {}), Reading(where="x")))


RING = "a chain of sectors that leads back to its beginning"


@pytest.mark.parametrize("damage", [RING, "a cell beyond the last column", "a sheet without its end"])
def test_a_damaged_xls_is_refused_before_it_takes_all_memory(damage: str, tmp_path: Path) -> None:
    import struct

    path = write(tmp_path / "a.xls", {"表": Sheet([HEADER, *([f"{number}", "张三", 1.5] for number in range(900))])})
    data = bytearray(path.read_bytes())
    if damage == RING:
        table = 512 * (1 + struct.unpack_from("<I", data, 0x4C)[0])
        struct.pack_into("<I", data, table + 4 * 3, 2)  # the third sector of the workbook leads back to the second
    elif damage == "a cell beyond the last column":
        place = data.index(struct.pack("<HHHH", 0x00FD, 10, 5, 0))
        struct.pack_into("<H", data, place + 6, 60_000)
    else:
        place = data.index(struct.pack("<HHHH", 0x00FD, 10, 5, 0))
        struct.pack_into("<H", data, place + 2, 60_000)
    path.write_bytes(data)

    with pytest.raises(DeliveryError, match="cannot be opened") as error:
        list(read("xls", path, report_of("xls", PEOPLE, {}, {}), Reading(where="x")))
    assert error.value.got == "ValueError"
