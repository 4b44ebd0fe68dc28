"""The demo venues' file: torn, damaged, grown, or somebody else's."""

import json
from pathlib import Path

import pytest

from domain.errors import Unavailable
from domain.orders import Side
from tests.venues.demo_desks import (
    SECOND_US,
    an_order,
    busy,
    exchange_of,
    file_size_limit,
    memory,
    open_bench,
    reopened,
    state_of,
)
from venues.demo_state import FILE_NAME
from venues.state_file import StateFile

# Damage


async def test_a_line_torn_by_a_kill_is_left_out(tmp_path: Path) -> None:
    bench = open_bench(tmp_path)
    before = memory(bench)
    await bench.venue().traders["main"].place(an_order(Side.BUY, "0.01", "50000"))
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-9])
    for _ in range(2):
        after = reopened(bench, tmp_path)
        assert after.desk.problem == ""
        assert memory(after) == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: b"\x00" * len(raw),
        lambda raw: raw[len(raw) // 2 :],
        lambda raw: raw.replace(b'"version":1', b'"version":2', 1),
        lambda raw: b"[" * 100_000 + b"\n",
        lambda raw: b"{}\n",
        lambda raw: b'{"header":3}\n',
        lambda raw: raw.replace(b'"venue":"gate"', b'"venue":"date"', 1),
        lambda raw: raw.replace(b'"BTC":"0.1', b'"BTC":"0.2', 1),
        lambda raw: raw.replace(b'"quantity":"0.25"', b'"quantity":null', 1),
        lambda raw: raw.replace(b'"XRP":', b'"XRQ":'),
    ],
)
def test_a_damaged_file_makes_a_fresh_desk_that_says_so(tmp_path: Path, spoil: object) -> None:
    open_bench(tmp_path).desk.close()
    path = tmp_path / FILE_NAME
    assert callable(spoil)
    spoilt = spoil(path.read_bytes())
    assert spoilt != path.read_bytes()
    path.write_bytes(spoilt)
    bench = open_bench(tmp_path, seed=8)
    assert bench.desk.problem
    assert bench.desk.seed == 8
    assert path.with_suffix(".unreadable").read_bytes() == spoilt
    assert open_bench(tmp_path).desk.problem == ""


def test_another_ledger_has_its_own_venues(tmp_path: Path) -> None:
    open_bench(tmp_path, book="one", seed=1).desk.close()
    other = open_bench(tmp_path, book="two", seed=2)
    assert "another book" in other.desk.problem
    assert other.desk.seed == 2


def test_the_file_is_private_and_holds_money_as_text(tmp_path: Path) -> None:
    open_bench(tmp_path).desk.close()
    path = tmp_path / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    refused: list[str] = []
    for line in path.read_text().splitlines():
        json.loads(line, parse_float=refused.append)
    assert refused == []
    assert not path.with_suffix(".new").exists()


# Size


async def test_a_file_that_has_grown_is_shortened_and_still_says_what_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venues.state_file.LARGEST", 60_000)
    monkeypatch.setattr("venues.state_file.KEPT", 10_000)
    path = tmp_path / FILE_NAME
    bench = open_bench(tmp_path)
    trader = bench.venue().traders["main"]
    await trader.place(resting := an_order(Side.BUY, "0.01", "50000"))
    await trader.dead_man(86_400)
    for _ in range(60):
        await trader.place(newest := an_order(Side.BUY, "0.0002", None))
    assert path.stat().st_size > 90_000
    bench.pass_time(61)
    assert path.stat().st_size < 40_000
    await trader.place(last := an_order(Side.BUY, "0.0002", None))

    after = reopened(bench, tmp_path)
    assert after.desk.problem == ""
    for venue in bench.desk.venues:
        before, now = exchange_of(bench, venue).till, exchange_of(after, venue).till
        assert now.standing() == before.standing()
        assert now.fills == before.fills[len(before.fills) - len(now.fills) :]
    reader = after.venue().readers["main"]
    assert (await reader.find(state_of(resting))).found is not None
    for order in (newest, last):
        assert (await reader.find(state_of(order))).fills


async def test_a_file_that_cannot_be_shortened_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venues.state_file.LARGEST", 1_000)
    path = tmp_path / FILE_NAME
    bench = open_bench(tmp_path)
    before = path.read_bytes()
    with file_size_limit(path, lambda size: size // 20), pytest.raises(Unavailable):
        bench.pass_time(61, step_us=61 * SECOND_US)
    assert path.read_bytes() == before
    bench.pass_time(61, step_us=61 * SECOND_US)
    assert reopened(bench, tmp_path).desk.problem == ""


async def test_every_line_of_a_life_can_be_the_last(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    bench = open_bench(tmp_path / "whole")
    await busy(bench)
    lines = (tmp_path / "whole" / FILE_NAME).read_bytes().splitlines(keepends=True)
    assert len(lines) > 6
    for count in range(1, len(lines) + 1):
        (tmp_path / FILE_NAME).write_bytes(b"".join(lines[:count]))
        after = reopened(bench, tmp_path)
        assert after.desk.problem == ""
        for venue in after.desk.venues:
            till = exchange_of(after, venue).till
            filled = {row.venue_order_id: row.cumulative for row in till.orders.values()}
            for order_id, cumulative in filled.items():
                fills = (f.quantity for f in till.fills if f.venue_order_id == order_id)
                assert sum(fills) == cumulative
            assert till.balanced


async def test_a_venue_forgets_its_oldest_rows_but_no_working_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("venues.till.LONGEST_MEMORY", 15)
    bench = open_bench()
    trader = bench.venue().traders["main"]
    await trader.place(kept := an_order(Side.BUY, "0.01", "50000"))
    for _ in range(30):
        await trader.place(order := an_order(Side.BUY, "0.0002", None))
    bench.pass_time(61)
    till = exchange_of(bench).till
    assert (len(till.fills), len(till.orders)) == (15, 15)
    assert till.find(client_id=kept.client_id) is not None
    assert till.find(client_id=order.client_id) is not None
    assert till.balanced


def test_a_file_without_a_path_counts_as_written() -> None:
    file = StateFile(None, "nobody")
    file.append(None)
    assert not file.grown
