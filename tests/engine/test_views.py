"""What the board shows of venues: the newest error stays when it is over."""

from pathlib import Path

from engine.wire import board_in, changes, message, whole
from tests.console import boards
from tests.engine.rig import running


async def test_the_newest_error_of_a_venue_stays_when_it_is_over(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.engine.parts is not None
        pulse = next(p for p in rig.engine.parts.pulses() if p.account == "kraken/main")
        pulse.problem, pulse.remedy = "EAPI:Invalid key", "make a new key"
        board = await rig.until(lambda b: b.venues["kraken"].last_error)
        error = board.venues["kraken"].last_error
        assert error is not None
        assert (error.who, error.why, error.remedy) == (
            "kraken/main", "EAPI:Invalid key", "make a new key",
        )  # fmt: skip
        pulse.problem = pulse.remedy = ""
        later = await rig.until(lambda b: b.version > board.version + 20)
        assert later.venues["kraken"].last_error == error
        assert later.venues["mexc"].last_error is None


def test_keys_abilities_and_errors_travel_over_the_socket_whole() -> None:
    board = boards.audited()
    assert board.keys
    assert board.abilities
    arrived = board_in(message(whole(board)), None)
    assert arrived.keys == board.keys
    assert arrived.abilities == board.abilities
    assert arrived.venues == board.venues
    assert arrived.accounts["mexc/main"].refused
    fewer = board.but(keys=board.keys.drop("kraken/main read"))
    assert board_in(message(changes(board, fewer)), arrived).keys == fewer.keys
