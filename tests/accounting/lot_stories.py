"""Stories of entries for the property tests, and what must hold of every one of them.

The one rule: a property says what is broken in words and trusts no code of the room but what
it is about; `broken` is empty for a sound book.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from accounting.allocations import Allocation, Made, compute, total
from accounting.book import Late, LotBook, replay
from accounting.elections import (
    Election,
    Elections,
    Method,
    Reallocation,
    Scope,
    SwapFee,
    TransferFee,
)
from accounting.entries import (
    Arrival,
    Basis,
    Departure,
    Entry,
    Income,
    Receipt,
    Spending,
    Trade,
)
from accounting.validation import validate
from domain.money import ZERO, exactly

MADE = Made(at_us=0, upto_seq=0, policy_sha="", program="test")
ACCOUNTS = ("kraken/main", "coinbase/main")
CASH = "USD"
COINS = ("BTC", "ETH")
QUANTITIES = tuple(map(Decimal, ("1", "0.5", "3", "0.001", "1.37", "7")))
MONEY_AMOUNTS = tuple(map(Decimal, ("10", "3.33", "1000.01", "0.07", "250")))
FEES = tuple(map(Decimal, ("0", "0.0001", "0.0003", "-0.0001")))


@dataclass(frozen=True, slots=True)
class Tale:
    """Entries in the order of time, and the elections they are read under."""

    entries: tuple[Entry, ...]
    elections: Elections


def tale(chance: Random, length: int = 24) -> Tale:
    """A story of trades, transfers, income, receipts and spendings, with elections between."""
    entries: list[Entry] = []
    at_us = 0
    for number in range(chance.randrange(1, length)):
        at_us += chance.choice((0, 1, 50))
        made = chance.choice((_trade, _trade, _trade, _trade, _transfer, _income, _receipt, _spent))
        entries += made(chance, number, at_us)
    elections = [_election(chance, at_us) for _ in range(chance.randrange(3))]
    return Tale(tuple(entries), Elections([_first(chance), *elections], base_currency=CASH))


def _first(chance: Random) -> Election:
    return Election(
        effective_us=-1,
        method=chance.choice(list(Method)),
        scope=chance.choice(list(Scope)),
        transfer_fee=chance.choice(list(TransferFee)),
        swap_fee=chance.choice(list(SwapFee)),
    )


def _election(chance: Random, last_us: int) -> Election:
    how = Reallocation(accounts=chance.choice(((), ACCOUNTS, ACCOUNTS[::-1])))
    return Election(
        effective_us=chance.randrange(last_us + 1),
        asset=chance.choice(("", "BTC")),
        method=chance.choice((None, *Method)),
        scope=chance.choice((None, *Scope)),
        reallocation=how,
    )


def _trade(chance: Random, number: int, at_us: int) -> list[Entry]:
    base = chance.choice(COINS)
    quote = chance.choice((CASH, CASH, "USDT", "BTC" if base == "ETH" else "EUR"))
    cost = chance.choice(MONEY_AMOUNTS)
    fee = chance.choice(FEES)
    asset = chance.choice((base, quote, "BNB"))
    return [
        Trade(
            key=f"T{number}",
            at_us=at_us,
            account=chance.choice(ACCOUNTS),
            base=base,
            quote=quote,
            buys=chance.random() < 0.6,
            quantity=chance.choice(QUANTITIES),
            cost=cost,
            fee=fee,
            fee_asset=asset if fee else "",
            value=cost * 3,
            fee_value=abs(fee) * 300 if asset == "BNB" else None,
            trade_id=str(number),
            seq=number,
        )
    ]


def _transfer(chance: Random, number: int, at_us: int) -> list[Entry]:
    source, target = chance.sample(ACCOUNTS, 2)
    coin, quantity = chance.choice(COINS), chance.choice(QUANTITIES)
    fee = chance.choice((ZERO, Decimal("0.0002"), Decimal("0.25")))
    key = f"M{number}"
    sent = Departure(key, at_us, source, coin, quantity, fee, fee * 100, number)
    came = Arrival(f"{key}-in", at_us, target, coin, quantity, key, number)
    return [sent, came] if chance.random() < 0.8 else [sent]


def _income(chance: Random, number: int, at_us: int) -> list[Entry]:
    coin, quantity, account = chance.choice(COINS), chance.choice(QUANTITIES), ACCOUNTS[0]
    worth = chance.choice(MONEY_AMOUNTS)
    return [Income(f"I{number}", at_us, account, coin, quantity, worth, "staking", number)]


def _receipt(chance: Random, number: int, at_us: int) -> list[Entry]:
    coin, quantity, account = chance.choice(COINS), chance.choice(QUANTITIES), ACCOUNTS[1]
    known = (Basis(quantity / 2, chance.choice(MONEY_AMOUNTS), at_us - 1000),)
    told = known if chance.random() < 0.5 else ()
    return [Receipt(f"R{number}", at_us, account, coin, quantity, told, number)]


def _spent(chance: Random, number: int, at_us: int) -> list[Entry]:
    coin, quantity = chance.choice(COINS), chance.choice(QUANTITIES)
    account, kind = chance.choice(ACCOUNTS), chance.choice(("payment", "gift", "loss"))
    worth = chance.choice(MONEY_AMOUNTS)
    return [Spending(f"S{number}", at_us, account, coin, quantity, worth, kind, number)]


def broken(told: Tale, chance: Random) -> list[str]:
    """Everything that does not hold of a story; empty when all is sound."""
    with exactly():
        whole = compute(replay(told.entries, told.elections), MADE)
        found = [f"{one.check}: {one.what}: {one.detail}" for one in validate(whole)]
        found += _units(told, whole) + _money(told, whole) + _dates(whole)
        try:
            same = compute(_one_by_one(told, chance), MADE) == whole
        except Late as late:
            found.append(str(late))
        else:
            found += [] if same else ["one by one is not the same as all at once"]
        mixed = list(told.entries)
        chance.shuffle(mixed)
        if compute(replay(mixed, told.elections), MADE) != whole:
            found.append("the order in which entries were learnt changes the result")
        return found


def _one_by_one(told: Tale, chance: Random) -> LotBook:
    """A book that is looked into after every entry."""
    book = LotBook(told.elections)
    for entry in _in_order(told):
        book.add(entry)
        if chance.random() < 0.5:
            book.open_lots()
    return book


def _in_order(told: Tale) -> list[Entry]:
    """The order of facts as accounting.md has it, written out once more."""
    places = {Income: 0, Receipt: 0, Departure: 1, Arrival: 2, Spending: 3}

    def place(entry: Entry) -> tuple[int, int, str, int, int, str, int]:
        if isinstance(entry, Trade):
            side = 0 if entry.buys else 3
            return (entry.at_us, side, entry.account, 0, int(entry.trade_id), "", entry.seq)
        return (entry.at_us, places[type(entry)], entry.account, 1, -1, entry.key, entry.seq)

    return sorted(told.entries, key=place)


def _units(told: Tale, whole: Allocation) -> list[str]:
    """Per asset, what the entries moved is what came less what left."""
    refused = {problem.key for problem in whole.problems if "not above" in problem.what}
    net: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for entry in told.entries:
        if entry.key in refused:
            continue
        if isinstance(entry, Trade):
            sign = 1 if entry.buys else -1
            net[entry.base] += sign * entry.quantity
            net[entry.quote] -= sign * entry.cost
            net[entry.fee_asset] -= entry.fee
        elif isinstance(entry, Income | Receipt):
            net[entry.asset] += entry.quantity
        elif isinstance(entry, Spending):
            net[entry.asset] -= entry.quantity
        elif isinstance(entry, Departure):
            net[entry.asset] -= entry.fee
    assets = (set(net) | {lot.asset for lot in whole.acquired}) - {CASH, ""}
    found = []
    for asset in sorted(assets):
        came = total(_came(whole, asset))
        left = total(sold.quantity for sold in whole.sold if sold.asset == asset)
        if came - left != net[asset]:
            found.append(f"{asset}: {came - left} came in all, the entries say {net[asset]}")
    return found


def _came(whole: Allocation, asset: str) -> list[Decimal]:
    """Lots but those that stand for units which a transfer moved and nobody had."""
    lots = [lot for lot in whole.acquired if lot.asset == asset]
    return [lot.quantity for lot in lots if not lot.key.startswith("M")]


def _money(told: Tale, whole: Allocation) -> list[str]:
    """What was paid or earned is the basis of what came, less what was fetched by what left."""
    paid = ZERO
    for entry in told.entries:
        if isinstance(entry, Trade) and entry.quote == CASH:
            sign = 1 if entry.buys else -1
            paid += sign * entry.cost + (entry.fee if entry.fee_asset == CASH else ZERO)
        elif isinstance(entry, Trade) and entry.fee_asset == CASH:
            paid += entry.fee
        elif isinstance(entry, Income):
            paid += entry.value or ZERO
        elif isinstance(entry, Receipt):
            paid += sum((part.value for part in entry.known), ZERO)
        elif isinstance(entry, Spending) and entry.kind == "payment":
            paid -= entry.value or ZERO
        elif isinstance(entry, Departure):
            paid -= _fetched(whole, entry.key)
    basis = total(lot.basis for lot in whole.acquired)
    fetched = total(sold.proceeds for sold in whole.sold)
    return [] if basis - fetched == paid else [f"{basis} less {fetched} is not the {paid} paid"]


def _fetched(whole: Allocation, key: str) -> Decimal:
    return total(sold.proceeds for sold in whole.sold if sold.key == key)


def _dates(whole: Allocation) -> list[str]:
    """A lot keeps its date wherever it goes."""
    born: dict[tuple[str, str], set[int | None]] = defaultdict(set)
    for lot in whole.acquired:
        born[lot.asset, lot.key].add(lot.acquired_us)
    found = [
        f"{row.lot}: a slice has the date {row.acquired_us}"
        for row in whole.slices
        if row.lot and row.acquired_us not in born[row.asset, row.lot]
    ]
    return found + [
        f"{left.key}: what is left has the date {left.acquired_us}"
        for left in whole.open
        if left.acquired_us not in born[left.asset, left.key]
    ]
