"""A check of a form does not wait for pandas, and whoever wants it afterwards has it."""

from __future__ import annotations

import subprocess
import sys

SAYS = """
import sys
from yibiao.arrow import spare_pandas
spare_pandas()
import pyarrow as pa
print(pa.array(["a", None]).null_count, "pandas" in sys.modules)
import pandas
print(pa.array(pandas.Series([1, 2])).to_pylist(), pa.table({"a": [1]}).to_pandas().shape)
"""


def test_pyarrow_reads_lists_without_pandas_and_pandas_can_be_had_after_it() -> None:
    done = subprocess.run([sys.executable, "-c", SAYS], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["1 False", "[1, 2] (1, 1)"]
