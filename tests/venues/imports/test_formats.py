"""One small file of each format, read to the last digit."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.days import iso
from domain.instruments import Account
from domain.market import Movement
from domain.money import canonical
from domain.orders import Fill
from tests.venues.imports import samples
from venues.imports.formats import FORMATS
from venues.imports.kraken import asset_of, symbol_of
from venues.imports.reading import NotUnderstood, Read, read


def told(text: str, venue: str = "kraken", offset: timedelta | None = None) -> Read:
    return read(text.encode(), Account(venue, "main"), offset, samples.LATEST_US)


def shown(fact: Fill | Movement) -> str:
    """A fact as one line: what is money in it, when, and the name it has."""
    when = iso(fact.at_us)
    if isinstance(fact, Movement):
        amounts = f"{canonical(fact.amount)} {fact.asset} fee {canonical(fact.fee)}"
        return f"{when} {amounts} {fact.reference}"
    traded = f"{fact.side} {canonical(fact.quantity)} {fact.symbol} at {canonical(fact.price)}"
    return f"{when} {traded} fee {canonical(fact.fee)} {fact.fee_asset} {fact.trade_id}"


GOLDEN: dict[str, tuple[list[str], list[int], list[int]]] = {
    # format: facts, lines left out, bad lines
    "Kraken trades": (
        [
            "2021-05-01T12:00:00.123400Z buy 0.1 BTC/USD at 50000 fee 8 USD TAAAAA-BBBBB-CCCCC1",
            "2021-05-02T00:00:00.000000Z sell 10 ADA/EUR at 1.5 fee 0.04 EUR TAAAAA-BBBBB-CCCCC2",
        ],
        [],
        [],
    ),
    "Kraken ledgers": (
        [
            "2021-04-01T10:00:05.000000Z 6000 USD fee 0 FTQ1",
            "2021-06-01T10:00:00.000000Z -0.05 BTC fee 0.0002 FTW1",
        ],
        [2, 4, 5, 7],
        [8],
    ),
    "Coinbase account report": (
        [
            "2024-01-31T12:00:00.000000Z buy 0.5 BTC/USD at 42000 fee 126 USD import-65a1",
            "2024-02-01T12:00:00.000000Z sell 0.3 BTC/USD at 43000 fee 10 USD import-65a2",
            "2024-02-02T12:00:00.000000Z -0.1 BTC fee 0 import-65a3",
            "2024-02-03T12:00:00.000000Z 101 USD fee 1 import-65a4",
        ],
        [],
        [11, 12],
    ),
    "Binance trade history": (
        [
            (
                "2021-05-01T12:00:00.000000Z buy 1000.5 1INCH/USDT at 3.5 fee 0.001 1INCH "
                "import-cbe968f26f22dd7356788f6c-1"
            ),
            (
                "2021-05-01T12:00:00.000000Z sell 0.1 BTC/USDT at 50000 fee 0.001 BNB "
                "import-767fc4fe0d22257745ece9b3-1"
            ),
            (
                "2021-05-01T12:00:00.000000Z sell 0.1 BTC/USDT at 50000 fee 0.001 BNB "
                "import-767fc4fe0d22257745ece9b3-2"
            ),
        ],
        [],
        [],
    ),
    "Binance deposit history": (
        ["2023-05-01T10:00:00.000000Z 0.5 BTC fee 0 import-7b3bf15832ec401a26b1448f-1"],
        [3],
        [],
    ),
    "Binance withdrawal history": (
        ["2023-05-03T12:00:00.000000Z -0.4995 BTC fee 0.0005 import-9adc55ac654cbc0428998fd3-1"],
        [],
        [],
    ),
    "KuCoin filled orders": (
        [
            (
                "2022-01-01T00:00:01.000000Z buy 0.3 BTC/USDT at 39999.3333333333333333333333333 "
                "fee 11.9 USDT import-fa1d7eccff987ebd649f0d0f-1"
            )
        ],
        [],
        [],
    ),
    "KuCoin deposit history": (
        ["2022-01-01T00:00:00.000000Z 500 USDT fee 0 import-e1dbf6efc56e255d215f5626-1"],
        [],
        [],
    ),
    "KuCoin withdrawal history": (
        ["2022-01-02T00:00:00.000000Z -100 USDT fee 1 import-2f3038fae1d2305aa92e6950-1"],
        [3],
        [],
    ),
    "plain": (
        [
            (
                "2020-01-01T00:00:00.000000Z buy 0.10000000000000000000001 BTC/USD at 7000 "
                "fee -0.01 USD T1"
            ),
            (
                "2020-01-01T00:00:00.000000Z sell 0.1 BTC/USD at 7000 fee 0 USD "
                "import-481921a8a5bbfea857a6cb9c-1"
            ),
            "2020-01-01T00:00:00.000000Z 1000 USD fee 0 R1",
            "2020-01-01T00:00:00.000000Z -0.1 BTC fee 0.0001 import-f156f818bdd8082ac983dd3b-1",
        ],
        [],
        [],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_file_of_each_format_is_read_to_the_last_digit(name: str) -> None:
    venue, text = samples.ALL[name]
    found = told(text, venue)
    facts, left_out, bad = GOLDEN[name]
    assert found.format == name
    assert [shown(fact) for fact in found.facts] == facts
    assert [row.line for row in found.left_out] == left_out
    assert [row.line for row in found.bad] == bad


def test_every_format_has_a_golden_file() -> None:
    assert {known.name for known in FORMATS} == set(GOLDEN) == set(samples.ALL)


def test_single_fills_of_kucoin_tell_who_made_the_price() -> None:
    (fill,) = told(samples.KUCOIN_FILLS, "kucoin").facts
    assert isinstance(fill, Fill)
    assert (fill.liquidity, fill.price, fill.venue_order_id) == ("maker", Decimal(2000), "62aa")


def test_json_lines_keep_the_digits_of_their_numbers() -> None:
    fill, deposit = told(samples.JSON_LINES).facts
    assert isinstance(fill, Fill)
    assert fill.quantity == Decimal("0.10000000000000000000001")
    assert isinstance(deposit, Movement)
    assert deposit.amount == Decimal(1000)


def test_a_header_that_is_not_known_is_answered_with_all_that_are() -> None:
    with pytest.raises(NotUnderstood) as refused:
        told("a,b\n1,2\n")
    for known in FORMATS:
        assert f"\n  {known.name}: " in str(refused.value)
    assert "kind, time, symbol" in str(refused.value)


def test_binances_older_list_of_both_is_not_taken_for_deposits() -> None:
    older = (
        "Date(UTC),Coin,Network,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status"
    )
    with pytest.raises(NotUnderstood):
        told(f"{older}\n2022-01-01 00:00:00,BTC,BTC,1,0,a,b,,,Completed\n", "binance")


def test_columns_may_come_in_any_order_and_with_others_between() -> None:
    text = "id,note,time,kind,amount,asset\nR1,x,2020-01-01T00:00:00Z,deposit,5,USD\n"
    assert [shown(fact) for fact in told(text).facts] == [
        "2020-01-01T00:00:00.000000Z 5 USD fee 0 R1"
    ]


def test_a_time_without_a_zone_needs_an_offset_where_nobody_states_one() -> None:
    text = "kind,time,asset,amount\ndeposit,2020-01-01 00:00:00,USD,5\n"
    (row,) = told(text).bad
    assert "give --utc-offset" in row.why
    (fact,) = told(text, offset=timedelta(hours=-5)).facts
    assert iso(fact.at_us).startswith("2020-01-01T05:00:00")


def test_a_zone_that_is_stated_wins_over_the_offset_that_is_given() -> None:
    for name, (venue, text) in samples.ALL.items():
        if name != "plain":
            assert told(text, venue).facts == told(text, venue, timedelta(hours=9)).facts


@pytest.mark.parametrize(
    ("pair", "symbol"),
    [
        ("XXBTZUSD", "BTC/USD"),
        ("XETHXXBT", "ETH/BTC"),
        ("ZEURZUSD", "EUR/USD"),
        ("USDTZUSD", "USDT/USD"),
        ("XTZEUR", "XTZ/EUR"),
        ("XTZUSD", "XTZ/USD"),
        ("ZRXXBT", "ZRX/BTC"),
        ("TRXETH", "TRX/ETH"),
        ("XBTUSDT", "BTC/USDT"),
        ("XDGUSD", "DOGE/USD"),
        ("ETHPYUSD", "ETH/PYUSD"),
        ("DAIUSD", "DAI/USD"),
        ("BTC/USD", "BTC/USD"),
        ("FOOBAR", ""),
        ("USD", ""),
        ("=1+1USD", ""),
        ("", ""),
    ],
)
def test_krakens_names_of_pairs(pair: str, symbol: str) -> None:
    assert symbol_of(pair) == symbol


def test_krakens_names_of_assets() -> None:
    assert [asset_of(name) for name in ("XXBT", "XBT", "ZUSD", "XXDG", "DOT.S", "ZRX")] == [
        *("BTC", "BTC", "USD", "DOGE", "DOT.S", "ZRX")
    ]


MISTAKES = [
    ("Kraken trades", '0.00000,"",', '1.00000,"",', 2, "a margin trade"),
    ("Kraken trades", "5000.00000", "6000.00000", 2, "not quantity times price"),
    ("Kraken trades", '"buy"', '"hold"', 2, "neither buy nor sell"),
    ("Kraken trades", '"TAAAAA-BBBBB-CCCCC1"', '""', 2, "own id must be there"),
    ("Kraken trades", "12:00:00.1234", "25:00:00", 2, "hour must be in"),
    ("Kraken trades", "2021-05-01", "2091-05-01", 2, "in the future"),
    ("Kraken trades", "2021-05-01", "1999-05-01", 2, "too early"),
    ("Kraken trades", "8.00000", "NaN", 2, "not a number"),
    ("Kraken trades", "8.00000", "-8", 2, "a fee below zero"),
    ("Kraken ledgers", ",-0.0500000000,", ",0.05,", 6, "taken back"),
    ("Coinbase account report", "65a3,", "65 a3,", 9, "not an id"),
    ("Binance trade history", "3,501.75USDT", "3,501.75USDC", 2, "does not fit the pair"),
    ("Binance trade history", "0.0011INCH", "0.001DOGE", 2, "not an amount of"),
    ("KuCoin filled orders", "BTC-USDT", "BTCUSDT", 2, "not a"),
    ("KuCoin filled orders", "39999.33", "3999.33", 2, "not quantity times price"),
    ("plain", "T1,O1", "import-1,O1", 2, "are made here"),
    ("plain", "BTC/USD,buy", "USD/USD,buy", 2, "not a pair"),
    ("plain", "BTC/USD,buy", "=A1/USD,buy", 2, "not an asset"),
    ("plain", "1000,", "1e99,", 4, "not a number"),
    ("plain", "1000,", "0,", 4, "over 0"),
    ("plain", "0.0001,BTC", "0.0001,USD", 5, "in its own asset"),
    ("plain", "deposit", "gift", 4, "neither fill"),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "why"), MISTAKES)
def test_a_mistake_is_named_by_line_and_reason(
    name: str, old: str, new: str, line: int, why: str
) -> None:
    venue, text = samples.ALL[name]
    assert old in text
    before = {row.line for row in told(text, venue).bad}
    found = told(text.replace(old, new, 1), venue)
    (row,) = [row for row in found.bad if row.line not in before]
    assert (row.line, why in row.why) == (line, True), row.why
