"""What a venue can, for the health screen: the row of `quarterdeck venues`, or the simulator's."""

import pytest

from cli.abilities import abilities_of
from config.names import KNOWN_VENUES
from domain.board import Mode
from domain.ports import VenueTraits
from tui.screens.health_venues import SHOWN
from venues.ccxt_capabilities import capabilities


@pytest.mark.parametrize("venue", KNOWN_VENUES)
def test_a_real_venue_has_the_row_that_the_command_shows(venue: str) -> None:
    told = abilities_of(Mode.LIVE, VenueTraits(venue=venue))
    assert told == abilities_of(Mode.OBSERVE, VenueTraits(venue=venue))
    *shown, audit = told
    assert [(one.name, one.can, one.how) for one in shown] == [
        (name, known.can, known.how) for name, known in capabilities(venue).rows()
    ]
    assert audit.can is (venue not in ("alpaca", "mexc"))
    assert audit.how


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.DEMO])
def test_every_letter_on_the_screen_is_an_ability_that_is_told(mode: Mode) -> None:
    names = [one.name for one in abilities_of(mode, VenueTraits(venue="kraken"))]
    assert SHOWN.keys() <= set(names)
    letters = [word[0] for word in SHOWN.values()]
    assert len(set(letters)) == len(letters)


def test_what_is_simulated_says_so() -> None:
    traits = VenueTraits(venue="kraken", dead_man=True, cancel_all=False)
    told = {one.name: one for one in abilities_of(Mode.PAPER, traits)}
    assert told["orders"].how == "simulated in this program"
    assert (told["dead man"].can, told["cancel all"].can) == (True, False)
    assert told["withdrawals"].can
