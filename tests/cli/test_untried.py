"""Where orders were tried on a captured wire only, the operator decides in so many words."""

import pytest

from cli.venue_access import may_trade
from config.settings import ExchangeSettings
from domain.errors import Misconfigured

AS_IT_COMES = ExchangeSettings()
ACCEPTED = ExchangeSettings.model_validate({"accept_untried": "true"})


@pytest.mark.parametrize("venue", ["kraken", "kucoin"])
def test_where_orders_were_tried_nothing_has_to_be_accepted(venue: str) -> None:
    assert may_trade(venue, AS_IT_COMES)
    assert may_trade(venue, ACCEPTED)


UNTRIED = (
    "alpaca", "binance", "binanceus", "bitfinex", "coinbase", "gate", "gemini", "mexc",
)  # fmt: skip


@pytest.mark.parametrize("venue", UNTRIED)
def test_where_they_were_not_it_is_watched_until_that_is_accepted(venue: str) -> None:
    assert not may_trade(venue, AS_IT_COMES)
    assert may_trade(venue, ACCEPTED)


@pytest.mark.parametrize("venue", ["bitstamp", "somewhere"])
def test_what_cannot_be_traded_here_cannot_be_accepted_either(venue: str) -> None:
    assert not may_trade(venue, AS_IT_COMES)
    with pytest.raises(Misconfigured, match=f"exchanges.{venue}.accept_untried.*cannot be traded"):
        may_trade(venue, ACCEPTED)
