"""dlt's filesystem source into DuckDB with its defaults: it reads and loads, and checks nothing.

    python bench/rivals/by_dlt.py FOLDER GLOB OUT

Prints `{seconds, rows, columns, headers_kept}`. Runs in an environment of its own (`make bench-rivals`).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("glob")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(given.out / "dlt")}

    import dlt
    import duckdb
    from dlt.sources.filesystem import filesystem, read_csv

    database = given.out / "dlt.duckdb"
    began = time.perf_counter()
    pipeline = dlt.pipeline("rival", destination=dlt.destinations.duckdb(str(database)), dataset_name="raw")
    files = filesystem(bucket_url=given.folder.absolute().as_uri(), file_glob=given.glob)
    pipeline.run((files | read_csv()).with_name("report"))
    seconds = time.perf_counter() - began
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("select count(*) from raw.report").fetchall()[0][0]
        columns = [name for (name, *_) in connection.execute("describe raw.report").fetchall()]
    told = [name for name in columns if not name.startswith("_dlt")]
    chinese = sum(any("\u4e00" <= one <= "\u9fff" for one in name) for name in told)
    print(json.dumps({"seconds": seconds, "rows": rows, "columns": len(told), "headers_kept": chinese}))


if __name__ == "__main__":
    main()
