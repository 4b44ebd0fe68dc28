"""What a venue lists is kept on the disk: the next start does not wait for it."""

import json
import stat
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.wire_home import Home, at_home, running_daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def place() -> Generator[Home]:
    with at_home() as made:
        yield made


def head_of(kept: Path) -> Any:
    return json.loads(kept.read_bytes().split(b"\n")[0])


def told_us(place: Home) -> int:
    found = place.json("status")["venues"].get("kraken", {}).get("markets_us") or 0
    assert isinstance(found, int)
    return found


def test_a_start_lists_from_the_disk_while_the_venue_is_asked_again(place: Home) -> None:
    with running_daemon(place):
        pass
    kept = place.folder / "data" / "live" / "markets" / "kraken.jsonl"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    head = head_of(kept)
    assert (head["venue"], head["ccxt"]) == ("kraken", "4.5.90")
    (place.folder / "daemon.log").unlink()  # what the first run said does not count
    with running_daemon(place):
        latest = time.monotonic() + 60
        while told_us(place) <= head["fetched_us"]:
            assert time.monotonic() < latest, place.log()
    assert head_of(kept)["fetched_us"] > head["fetched_us"]
