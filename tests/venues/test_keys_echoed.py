"""A venue that says our key back to us: it does not stand in what we tell anybody."""

import pytest

from domain.errors import Unavailable
from tests.venues.ccxt_offline import Offline
from tests.venues.ccxt_stub import READ
from tests.venues.test_ccxt_convert import run
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_errors import Failed

KEY = READ.key.reveal()
ECHOES = [
    {"error": [f"EAPI:Invalid key: {KEY}"]},
    {"error": [f"EAPI:{KEY} is not known"]},
    {"error": ["EGeneral:" + "x" * 280 + KEY]},
    f"<html>{KEY}</html>",
]


def client(body: object) -> Client:
    names = ("Balance", "BalanceEx", "AddOrder")
    found = Offline(dict.fromkeys(names, body)).reader._client
    assert isinstance(found, Client)
    return found


@pytest.mark.parametrize("body", ECHOES)
def test_a_key_that_a_venue_says_back_is_hidden(body: object) -> None:
    with pytest.raises(Unavailable) as read:
        run(client(body).read("fetch_balance"))
    with pytest.raises(Failed) as sent:
        run(client(body).ask("fetch_balance", priority=Priority.ORDER))
    judgement = sent.value.judgement
    for told in (str(read.value), str(sent.value), judgement.words, judgement.code):
        assert KEY not in told
