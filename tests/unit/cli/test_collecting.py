"""Where nothing is collected for a while, it is afterwards as it was before."""

from __future__ import annotations

import gc

import pytest

from yibiao.collecting import no_collecting


@pytest.mark.parametrize("before", [True, False])
def test_collecting_is_as_it_was_afterwards_whatever_happens(before: bool):
    was = gc.isenabled()
    try:
        (gc.enable if before else gc.disable)()
        with no_collecting():
            assert not gc.isenabled()
        assert gc.isenabled() == before
        with pytest.raises(ZeroDivisionError), no_collecting():
            1 / 0  # noqa: B018
        assert gc.isenabled() == before
    finally:
        (gc.enable if was else gc.disable)()
