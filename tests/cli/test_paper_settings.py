"""What is written under `paper:` is what the simulated venue gets, in its own units."""

from decimal import Decimal

from cli.venue_access import _paper_settings
from config.settings import PaperSettings as PaperBlock

D = Decimal


def test_percents_become_fractions_and_every_setting_arrives() -> None:
    told = PaperBlock.model_validate(
        {
            "balances": {"USD": "5"},
            "taker_pct": "0.4",
            "maker_pct": "0.25",
            "latency_least_ms": "1",
            "latency_most_ms": "2",
            "book_age_ms": "3000",
            "book_wait_ms": "4",
        }
    )
    made = _paper_settings(told, None, hurry=True)
    assert (made.taker_rate, made.maker_rate) == (D("0.004"), D("0.0025"))
    assert (made.latency_least_ms, made.latency_most_ms) == (1, 2)
    assert (made.book_age_ms, made.book_wait_ms, made.hurry) == (3000, 4, True)
    assert made.balances == {"USD": D(5)}


def test_what_was_not_told_stays_untold_and_a_venues_own_fee_wins() -> None:
    made = _paper_settings(PaperBlock(), D("0.26"), hurry=False)
    assert (made.taker_rate, made.maker_rate) == (D("0.0026"), None)
    assert (made.book_age_ms, made.book_wait_ms) == (10_000, 5_000)
