"""Allocation by rp2, BittyTax and beancount, each called as its own program calls it.

The one rule: their own objects are made beforehand and what is timed is the matching alone, so
the ratio is the kindest to them. Their packages are imported where they are used: each is in an
environment of its own, and nothing of ours is.

    rp2        compute_tax: taxable events, FIFO pairs of event and lot
    BittyTax   pools of a day, same-day and thirty-day rule, section 104: it has no FIFO
    beancount  booking.book with method FIFO, a lot's label tells it from another of its day
"""

# mypy: disable-error-code="import-not-found,import-untyped"
# ruff: noqa: PLC0415

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.lots_input import FEE, Contestant, Fill

_RP2_INI = """[general]
assets = BTC
exchanges = kraken
holders = me
[in_header]
timestamp = 0
asset = 1
[out_header]
timestamp = 0
asset = 1
[intra_header]
timestamp = 0
asset = 1
"""


def _moment(fill: Fill) -> datetime:
    return datetime.fromtimestamp(fill.at_us // 1_000_000, UTC)


# rp2


def _rp2_load(told: Iterable[Fill]) -> Any:
    from prezzemolo.avl_tree import AVLTree
    from rp2.accounting_engine import AccountingEngine
    from rp2.configuration import MAX_DATE, MIN_DATE, Configuration
    from rp2.input_data import InputData
    from rp2.plugin.accounting_method.fifo import AccountingMethod
    from rp2.plugin.country.us import US
    from rp2.transaction_set import TransactionSet

    with TemporaryDirectory() as folder:
        ini = Path(folder, "rp2.ini")
        ini.write_text(_RP2_INI, "utf-8")
        configuration = Configuration(str(ini), US())
    years: Any = AVLTree()
    years.insert_node(MIN_DATE.year, AccountingMethod())
    sets = [
        TransactionSet(configuration, kind, "BTC", MIN_DATE, MAX_DATE)
        for kind in ("IN", "OUT", "INTRA")
    ]
    for fill in told:
        sets[not fill.buys].add_entry(_rp2_transaction(configuration, fill))
    return configuration, AccountingEngine(years), InputData("BTC", *sets)


def _rp2_transaction(configuration: Any, fill: Fill) -> Any:
    from rp2.in_transaction import InTransaction
    from rp2.out_transaction import OutTransaction
    from rp2.rp2_decimal import ZERO, RP2Decimal

    when, row = _moment(fill).isoformat(), fill.number + 1
    where = (configuration, when, "BTC", "kraken", "me")
    price, quantity = RP2Decimal(fill.price), RP2Decimal(fill.quantity)
    if fill.buys:
        fee = RP2Decimal(fill.fee)
        return InTransaction(*where, "BUY", price, quantity, fiat_fee=fee, row=row)
    # A fee in fiat is no field of its own there: what is told is what the sale fetched.
    net = RP2Decimal(fill.price * (1 - FEE))
    return OutTransaction(*where, "SELL", net, quantity, ZERO, row=row)


def _rp2_work(loaded: Any) -> Any:
    from rp2.tax_engine import compute_tax

    return compute_tax(*loaded)


def _rp2_gains(done: Any) -> Iterator[Decimal]:
    by_sale = groupby(done.gain_loss_set, key=lambda pair: pair.taxable_event.internal_id)
    for _, pairs in by_sale:
        yield sum((Decimal(pair.fiat_gain) for pair in pairs), Decimal(0))


# BittyTax


def _bittytax_load(told: Iterable[Fill]) -> list[Any]:
    from bittytax.bt_types import AssetSymbol, Note, Timestamp, TrType, Wallet
    from bittytax.t_record import TransactionRecord
    from bittytax.transactions import Buy, Sell

    made: list[Any] = []
    for fill in told:
        kind = Buy if fill.buys else Sell
        one = kind(TrType.TRADE, fill.quantity, AssetSymbol("BTC"), fill.cost)
        one.fee_value = fill.fee
        sides = (one, None) if fill.buys else (None, one)
        when = Timestamp(_moment(fill))
        TransactionRecord(TrType.TRADE, *sides, None, Wallet("kraken"), when, Note(""), None)
        one.set_tid()
        made.append(one)
    return made


def _bittytax_work(loaded: list[Any]) -> Any:
    from bittytax.bt_types import DisposalType, TaxRules
    from bittytax.tax import TaxCalculator

    tax = TaxCalculator(loaded, TaxRules.UK_INDIVIDUAL)
    tax.pool_same_day()
    tax.match_sell(DisposalType.SAME_DAY)
    tax.match_buyback(DisposalType.BED_AND_BREAKFAST)
    tax.process_section104(skip_integrity_check=True)
    return tax


# beancount


def _beancount_load(told: Iterable[Fill]) -> list[Any]:
    from beancount.core import data
    from beancount.core.amount import Amount
    from beancount.core.number import MISSING
    from beancount.core.position import CostSpec

    def posting(account: str, units: Any, cost: Any = None) -> Any:
        return data.Posting(account, units, cost, None, None, None)

    nothing = CostSpec(MISSING, None, MISSING, None, None, None)
    made = []
    for fill in told:
        if fill.buys:
            paid = fill.price * (1 + FEE)
            cost = CostSpec(paid, None, "USD", None, str(fill.number), None)
            cash = -(fill.quantity * paid)
            postings = [posting("Assets:BTC", Amount(fill.quantity, "BTC"), cost)]
        else:
            cash = fill.cost - fill.fee
            postings = [
                posting("Assets:BTC", Amount(-fill.quantity, "BTC"), nothing),
                posting("Income:Gain", MISSING),
            ]
        postings.append(posting("Assets:Cash", Amount(cash, "USD")))
        about = data.new_metadata("bench", fill.number)
        day = _moment(fill).date()
        none: frozenset[str] = frozenset()
        made.append(data.Transaction(about, day, "*", None, "", none, none, postings))
    return made


def _beancount_work(loaded: list[Any]) -> list[Any]:
    from beancount.core.data import Booking
    from beancount.parser.booking_full import book
    from beancount.parser.options import OPTIONS_DEFAULTS

    accounts = ("Assets:BTC", "Assets:Cash", "Income:Gain")
    booked, errors = book(loaded, OPTIONS_DEFAULTS, dict.fromkeys(accounts, Booking.FIFO))
    assert not errors, errors[0]
    done: list[Any] = booked
    return done


def _beancount_gains(done: list[Any]) -> Iterator[Decimal]:
    for entry in done:
        taken = [line for line in entry.postings if line.units.number < 0 and line.cost]
        if taken:
            (net,) = (p.units.number for p in entry.postings if p.account == "Assets:Cash")
            yield net + sum(line.units.number * line.cost.number for line in taken)


RP2 = Contestant(load=_rp2_load, work=_rp2_work, gains=_rp2_gains)
BITTYTAX = Contestant(load=_bittytax_load, work=_bittytax_work, gains=None)
BEANCOUNT = Contestant(load=_beancount_load, work=_beancount_work, gains=_beancount_gains)
