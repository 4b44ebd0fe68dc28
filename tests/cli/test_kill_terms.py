"""`--kill` and `kill` with a scope and a level, as a person types them, on a demo desk."""

import json
from pathlib import Path

import pytest

from cli.kill_alone import _inside
from cli.parser import parse
from domain.halts import Level, Marker
from domain.instruments import Account
from domain.orders import Side, VenueOrder
from tests.cli.test_commands import _market_price
from tests.cli.typed import Run, parsed

KRAKEN = Account("kraken", "main")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--kill", "x", "--scope", "kraken"), "is no scope: write GLOBAL, VENUE:kraken"),
        (("--kill", "x", "--level", "FLATTEN"), "invalid choice: 'FLATTEN'"),
        (("--scope", "VENUE:kraken", "status"), "belong to --kill"),
        (("--kill", "--scope", "VENUE:kraken"), "the reason for stopping"),
        (("kill", "flatten", "--scope", "all"), "is no scope"),
    ],
)
def test_a_wrong_scope_or_level_is_a_mistake_with_one_sentence(
    run: Run,
    words: tuple[str, ...],
    told: str,
) -> None:
    status, text = run(*words)
    assert (status, told in text) == (64, True), text


def test_the_reason_may_be_a_flag_and_the_alias_takes_the_same_terms() -> None:
    terms = ("--scope", "venue:kraken", "--level", "HALT")
    for words in (("--kill", "--reason", "odd fills"), ("--kill", "odd", "fills")):
        told = parse([*words, *terms])
        assert (told.kill, told.kill_scope, told.kill_level) == (
            "odd fills",
            "VENUE:kraken",
            "HALT",
        )
    told = parse(["kill", "--activate", "--reason", "odd fills", *terms])
    assert (told.kill_scope, told.kill_level) == ("VENUE:kraken", "HALT")
    told = parse([*terms, "kill", "--activate"])
    assert (told.kill_scope, told.kill_level) == ("VENUE:kraken", "HALT")
    told = parse(["kill", "--activate"])
    assert (told.kill_scope, told.kill_level) == ("GLOBAL", "HALT_CANCEL")


@pytest.mark.timeout(90)
def test_a_venue_is_killed_shown_and_released_and_the_rest_trades(run: Run) -> None:
    terms = ("BTC/USD", "0.01", "--price", _market_price(run), "--venue", "kraken")
    assert run("order", "buy", *terms)[0] == 0
    status, told = run("--kill", "odd fills", "--scope", "VENUE:kraken")
    assert status == 0, told
    assert "no further order leaves in VENUE:kraken" in told
    assert "kraken/main" in told
    assert "kucoin/main" not in told, "no other venue is touched"
    shown = parsed(run("kill", "status", json_=True))
    assert shown["levels"] == {"VENUE:kraken": "HALT_CANCEL"}
    assert shown["level"] == 0
    status, told = run("order", "buy", *terms)
    assert (status, "HALTED" in told) == (77, True)
    status, told = run("kill", "release", "--scope", "GLOBAL", "--reason", "ok")
    assert (status, "type the scope VENUE:kraken" in told) == (77, True)
    status, told = run("kill", "release", "--scope", "VENUE:kraken", "--reason", "checked")
    assert status == 0, told
    assert "high-water mark is kept" in told


@pytest.mark.timeout(90)
def test_without_an_engine_a_strategys_orders_are_left_to_it_and_a_halt_cancels_nothing(
    run: Run,
    tmp_path: Path,
) -> None:
    assert run("status")[0] == 0
    status, told = run("--kill", "it runs away", "--scope", "STRATEGY:grid")
    assert (status, "the engine cancels them when it starts" in told) == (75, True)
    status, told = run("--kill", "look first", "--level", "HALT", "--scope", "VENUE:kraken")
    assert (status, "working orders stay" in told) == (0, True)
    markers = [json.loads(path.read_text()) for path in (tmp_path / "data/demo").glob("HALT*")]
    assert {(m["scope"], m["level"]) for m in markers} == {
        ("STRATEGY:grid", "HALT_CANCEL"),
        ("VENUE:kraken", "HALT"),
    }
    status, told = run("kill", "status")
    assert "STRATEGY:grid" in told
    assert "VENUE:kraken level HALT" in told


@pytest.mark.timeout(90)
def test_a_program_gets_one_document_with_an_engine_and_without_one(run: Run) -> None:
    alone = parsed(run("--kill", "a fleet stops", json_=True))
    assert alone["status"] == 0
    (book,) = alone["books"]
    assert (book["book"], book["end"], book["by"]) == ("demo", "verified", "this process")
    assert all(seen["verified_ms"] >= 0 for seen in book["accounts"])
    assert {"kraken/main", "kucoin/main"} <= {seen["account"] for seen in book["accounts"]}
    assert run("kill", "release", "--scope", "GLOBAL", "--reason", "checked")[0] == 0
    (halted,) = parsed(
        run("--kill", "look first", "--level", "HALT", "--scope", "VENUE:kraken", json_=True)
    )["books"]
    assert (halted["end"], halted["scope"]) == ("halted, working orders stay", "VENUE:kraken")


@pytest.mark.timeout(90)
def test_flattening_is_shown_first_and_needs_the_scope_typed_once_more(run: Run) -> None:
    plan = parsed(run("kill", "flatten", "--scope", "VENUE:kraken", "--preview", json_=True))
    assert plan["scope"] == "VENUE:kraken"
    assert plan["sales"]
    status, told = run("kill", "flatten", "--scope", "VENUE:kraken", "--confirm", "yes")
    assert (status, "type VENUE:kraken once more" in told) == (77, True)
    assert "every order is cancelled first" in told
    assert "KILL READY" in run("kill", "status")[1]


def row(symbol: str, side: Side, account: Account = KRAKEN) -> VenueOrder:
    return VenueOrder(account=account, venue_order_id="1", symbol=symbol, side=side)


@pytest.mark.parametrize(
    ("scope", "level", "goes"),
    [
        ("SYMBOL:BTC/USD", Level.HALT_CANCEL, (True, True, False)),
        ("GLOBAL", Level.REDUCE_ONLY, (True, False, True)),
        ("SYMBOL:BTC/USD", Level.REDUCE_ONLY, (True, False, False)),
    ],
)
def test_its_own_cancels_take_no_more_than_the_scope(
    scope: str, level: Level, goes: tuple[bool, ...]
) -> None:
    marker = Marker(halt_id="1", level=level, reason="x", actor="x", at_us=0, scope=scope)
    inside = _inside(marker)
    assert inside is not None
    rows = (row("BTC/USD", Side.BUY), row("BTC/USD", Side.SELL), row("ETH/USD", Side.BUY))
    assert tuple(inside(one) for one in rows) == goes


@pytest.mark.parametrize("scope", ["GLOBAL", "VENUE:kraken", "ACCOUNT:kraken/main"])
def test_where_everything_goes_the_venue_may_be_asked_to_cancel_all(scope: str) -> None:
    marker = Marker(
        halt_id="1", level=Level.HALT_CANCEL, reason="x", actor="x", at_us=0, scope=scope
    )
    assert _inside(marker) is None
