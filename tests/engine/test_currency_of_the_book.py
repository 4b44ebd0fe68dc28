"""What a book counts in: a settings file cannot make its limits mean other amounts."""

from pathlib import Path

import pytest

from domain.errors import Misconfigured
from tests.engine.rig import quick, running


async def test_a_book_is_not_opened_in_another_base_currency(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False):
        pass
    refused = pytest.RaisesExc(Misconfigured, match="this book counts in USD; write USD")
    with pytest.RaisesGroup(refused, flatten_subgroups=True):
        async with running(tmp_path, settings=quick(base_currency="BTC"), moving=False):
            pytest.fail("it runs")
    async with running(tmp_path, moving=False) as rig:
        assert rig.board.base_currency == "USD"
