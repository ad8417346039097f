"""The texts of a workbook as one sees them: of a returned one, and of the form that it was made from, by one reader."""

from __future__ import annotations

from pathlib import Path

from yibiao.forms.workbook.package import damaged


def grids(path: Path) -> dict[str, list[list[str]]]:
    """Texts of all sheets, from A1.

    Raises:
        FormError: the library cannot read it.
    """
    import python_calamine

    from yibiao.ingest.readers.spreadsheet import cell_text

    try:
        book = python_calamine.load_workbook(str(path))
        return {
            name: [
                [cell_text(cell) for cell in row]
                for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            ]
            for name in book.sheet_names
        }
    except BaseException as error:  # the library panics on damaged files, which is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
            raise
        raise damaged(path.name, error) from None
