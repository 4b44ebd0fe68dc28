"""The file of a venue's instruments: whole and ours, or none at all."""

import json
import stat
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venues.markets_file import BATCH, DIGEST, Kept, MarketsFile, Stamp, Unusable

NOW_US = 1_800_000_000_000_000
KRAKEN = Stamp(venue="kraken", ccxt="4.5.90")
KEPT = Kept(
    fetched_us=NOW_US,
    markets=[{"symbol": f"A{n}/USD", "precision": {"price": "0.10"}} for n in range(BATCH + 1)],
    currencies={"USD": {"id": "ZUSD", "name": "Dólar"}},
    options={"marketsByAltname": {}},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "markets" / "kraken.jsonl"


def written(path: Path, stamp: Stamp = KRAKEN, kept: Kept = KEPT) -> MarketsFile:
    file = MarketsFile(path, stamp)
    file.write(kept)
    return file


def refused(path: Path, stamp: Stamp = KRAKEN, latest_us: int = NOW_US) -> str:
    with pytest.raises(Unusable) as told:
        MarketsFile(path, stamp).read(latest_us)
    return str(told.value)


def forged(path: Path, *lines: object) -> None:
    """A file with a good checksum around whatever these lines are."""
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body + sha256(body).hexdigest().encode())


def test_what_was_written_is_read_again_digit_by_digit(path: Path) -> None:
    assert written(path).read(NOW_US) == KEPT


def test_only_the_owner_may_read_it_and_nothing_else_is_left_behind(path: Path) -> None:
    written(path)
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_no_file_is_no_problem(path: Path) -> None:
    assert MarketsFile(path, KRAKEN).read(NOW_US) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(KRAKEN, venue="kucoin"),
        replace(KRAKEN, ccxt="4.5.91"),
        replace(KRAKEN, sandbox=True),
        replace(KRAKEN, format=2),
    ],
)
def test_another_venues_or_versions_file_is_not_used(path: Path, other: Stamp) -> None:
    written(path, other)
    assert "of another origin" in refused(path)


def test_a_file_from_the_future_is_not_used(path: Path) -> None:
    written(path)
    assert "in the future" in refused(path, latest_us=NOW_US - 1)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_with_any_byte_changed_or_cut_is_not_used(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("markets") / "kraken.jsonl"
    written(path)
    raw = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(raw[:place])
    else:
        raw[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(raw)
    assert refused(path)


HEAD = {"venue": "kraken", "ccxt": "4.5.90", "sandbox": False, "format": 1}
LAST: dict[str, object] = {"currencies": {}, "options": {}}


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ([],),
        ({**HEAD, "fetched_us": NOW_US, "rows": 1}, LAST),
        ({**HEAD, "fetched_us": NOW_US, "rows": 1}, ["text"], LAST),
        ({**HEAD, "fetched_us": "1", "rows": 0}, LAST),
        ({**HEAD, "fetched_us": True, "rows": 0}, LAST),
        ({**HEAD, "rows": 0}, LAST),
        ({**HEAD, "fetched_us": NOW_US, "rows": 1}, 7, LAST),
        ({**HEAD, "fetched_us": NOW_US, "rows": 0}, {"currencies": {}}),
    ],
)
def test_a_file_of_another_shape_is_not_used(path: Path, lines: tuple[object, ...]) -> None:
    forged(path, *lines)
    assert refused(path)


def test_deeply_nested_json_is_not_used(path: Path) -> None:
    body = b"[" * 100_000 + b"\n{}\n"
    path.parent.mkdir()
    path.write_bytes(body + sha256(body).hexdigest().encode())
    assert refused(path)


def test_a_directory_in_its_place_is_not_used_and_not_fatal(path: Path) -> None:
    path.mkdir(parents=True)
    assert "cannot be read" in refused(path)
    with pytest.raises(Unusable, match="cannot be written"):
        written(path)
    assert list(path.parent.iterdir()) == [path]


def test_a_list_that_cannot_be_written_leaves_the_old_one(path: Path) -> None:
    file = written(path)
    for bad in (object(), float("nan")):
        with pytest.raises(Unusable, match="cannot be written"):
            file.write(replace(KEPT, markets=[{"symbol": bad}]))
    assert file.read(NOW_US) == KEPT


def test_the_last_line_is_the_checksum_of_all_before(path: Path) -> None:
    written(path)
    raw = path.read_bytes()
    assert sha256(raw[:-DIGEST]).hexdigest().encode() == raw[-DIGEST:]
