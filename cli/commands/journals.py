"""The facts that moved money as a plain-text journal that beancount or hledger accepts.

The one rule: every posting of the ledger stands there with all its digits; nothing is rounded,
netted or left out. A name that the tool would not take is changed so far that it does, stays
apart from every other name, and the journal says what it was.

The last entries assert what every account holds, so the tool itself proves the sums.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounting.ledger_entries import Row
from accounting.postings import EXACT, Posting, postings_of
from domain.bookings import FillBooked, FillReversed, MovementBooked
from domain.days import iso, local_date
from domain.events import Fact
from domain.money import ZERO, canonical
from domain.sentences import sentence
from domain.text import clean
from storage.entries import entry_of

BEANCOUNT_DIGITS = 28  # what its own arithmetic keeps of a number
LONGEST_WORDS = 400
_ROOTS = {"asset": "assets", "expense": "expenses", "income": "income", "equity": "equity"}
_CURRENCY = re.compile(r"[A-Z](?:[A-Z0-9'._-]{0,22}[A-Z0-9])?")
_PLAIN_SYMBOL = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Told:
    """One fact with its postings; `day` is the date at which it happened in the desk's zone."""

    seq: int
    day: date
    at_us: int
    words: str
    key: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Journal:
    """What both journals are made of, in the order of time."""

    title: str
    entries: tuple[Told, ...]
    closing: bool

    @property
    def accounts(self) -> list[str]:
        """Every posting account."""
        return sorted({line.account for told in self.entries for line in told.postings})

    @property
    def assets(self) -> list[str]:
        """Every asset."""
        return sorted({line.asset for told in self.entries for line in told.postings})

    @property
    def balances(self) -> Mapping[tuple[str, str], Decimal]:
        """(account, asset) → what is there in the end, for the accounts at venues."""
        sums: dict[tuple[str, str], Decimal] = {}
        for told in self.entries:
            for line in told.postings:
                if line.account.startswith("asset:"):
                    place = line.account, line.asset
                    sums[place] = EXACT.add(sums.get(place, ZERO), line.amount)
        return dict(sorted(sums.items()))

    @property
    def longer(self) -> int:
        """How many amounts have more digits than beancount's arithmetic keeps."""
        return sum(
            _digits(line.amount) > BEANCOUNT_DIGITS
            for told in self.entries
            for line in told.postings
        )


def journal_of(rows: Iterable[Row], title: str, time_zone: str, *, closing: bool) -> Journal:
    """The facts of rows that moved money; `closing` asserts the balances in the end."""
    entries = [
        Told(
            seq=seq,
            day=local_date(happened_us(fact), time_zone),
            at_us=happened_us(fact),
            words=clean(sentence(fact), longest=LONGEST_WORDS),
            key=clean(entry_of(fact).key, longest=LONGEST_WORDS),
            postings=lines,
        )
        for seq, fact in rows
        if (lines := postings_of(fact))
    ]
    entries.sort(key=lambda told: (told.day, told.seq))
    return Journal(clean(title), tuple(entries), closing)


def happened_us(fact: Fact) -> int:
    """When the money moved by the venue's own clock, UTC microseconds."""
    if isinstance(fact, FillBooked | FillReversed):
        return fact.fill.at_us
    return fact.movement.at_us if isinstance(fact, MovementBooked) else fact.at_us


# beancount


def beancount(journal: Journal) -> Iterator[str]:
    """The journal in beancount's language, line by line."""
    accounts = _apart(journal.accounts, _beancount_account)
    assets = _apart(journal.assets, _currency)
    yield f"; {journal.title}"
    yield f'option "title" {_quoted(journal.title)}'
    first = journal.entries[0].day if journal.entries else None
    for name, account in accounts.items():
        yield f"{first} open {account}"
        yield f"  account: {_quoted(name)}"
    for name, asset in assets.items():
        yield f"{first} commodity {asset}"
        yield f"  name: {_quoted(name)}"
    for told in journal.entries:
        yield f"\n{told.day} * {_quoted(told.words)}"
        yield f"  row: {told.seq}"
        yield f"  time: {_quoted(iso(told.at_us))}"
        yield f"  key: {_quoted(told.key)}"
        for line in told.postings:
            yield f"  {accounts[line.account]}  {canonical(line.amount)} {assets[line.asset]}"
    if journal.closing and journal.entries:
        yield ""
        # An assertion is about the morning of its day.
        after = journal.entries[-1].day + timedelta(days=1)
        for (account, asset), amount in journal.balances.items():
            if _digits(amount) <= BEANCOUNT_DIGITS:
                told_amount = f"{canonical(amount)} ~ 0 {assets[asset]}"
                yield f"{after} balance {accounts[account]}  {told_amount}"


def _beancount_account(name: str) -> str:
    return ":".join(map(_component, _path(name)))


def _component(word: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9-]", "-", word)
    return plain[0].upper() + plain[1:] if plain[:1].isalnum() else f"X{plain}"


def _currency(asset: str) -> str:
    if _CURRENCY.fullmatch(asset):
        return asset
    plain = re.sub(r"[^A-Z0-9'._-]", "-", asset.upper())[:20]
    return f"X.{plain}".rstrip("'._-")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# hledger


def hledger(journal: Journal) -> Iterator[str]:
    """The journal in hledger's language, line by line."""
    accounts = _apart(journal.accounts, _hledger_account)
    symbols = {name: _symbol(asset) for name, asset in _apart(journal.assets, _unquoted).items()}
    yield f"; {journal.title}"
    yield "decimal-mark ."
    for name, account in accounts.items():
        yield f"account {account}  ; {name}"
    places = _places(journal)
    for name, symbol in symbols.items():
        yield f"commodity 1.{'0' * max(places[name], 1)} {symbol}"
    for told in journal.entries:
        yield f"\n{told.day} * ({told.seq}) {_description(told.words)}"
        yield f"    ; at {iso(told.at_us)}, {told.key}"
        for line in told.postings:
            yield f"    {accounts[line.account]}  {canonical(line.amount)} {symbols[line.asset]}"
    if journal.closing and journal.entries:
        yield f"\n{journal.entries[-1].day} * what every account holds"
        for (account, asset), amount in journal.balances.items():
            held = f"{canonical(amount)} {symbols[asset]}"
            yield f"    {accounts[account]}  0 {symbols[asset]} = {held}"


def _hledger_account(name: str) -> str:
    return ":".join(re.sub(r"[^\w.-]", "-", word) or "-" for word in _path(name))


def _unquoted(asset: str) -> str:
    return re.sub(r'["\n;]', "'", clean(asset)) or "-"


def _symbol(asset: str) -> str:
    return asset if _PLAIN_SYMBOL.fullmatch(asset) else f'"{asset}"'


def _description(words: str) -> str:
    return words.replace(";", ",").replace("|", "/")


def _places(journal: Journal) -> dict[str, int]:
    places: dict[str, int] = {}
    for told in journal.entries:
        for line in told.postings:
            _, _, after = canonical(line.amount).partition(".")
            places[line.asset] = max(places.get(line.asset, 0), len(after))
    return places


# Names


def _path(name: str) -> Sequence[str]:
    """`asset:kraken/main` as assets, kraken, main; `trading` belongs to equity."""
    root, _, rest = name.partition(":")
    words = rest.split("/") if rest else [root]
    return (_ROOTS.get(root, "equity"), *("fees" if word == "fee" else word for word in words))


def _apart(names: Iterable[str], make: Callable[[str], str]) -> dict[str, str]:
    """Name → what the tool takes; two names never become one, and a good one is kept."""
    made: dict[str, str] = {}
    used: set[str] = set()
    listed = list(names)
    for name in sorted(listed, key=lambda name: (make(name) != name, name)):
        wanted = make(name)
        taken, number = wanted, 1
        while taken in used:
            number += 1
            taken = f"{wanted}-{number}"
        made[name] = taken
        used.add(taken)
    return {name: made[name] for name in listed}


def _digits(amount: Decimal) -> int:
    return len(canonical(amount).replace(".", "").lstrip("-0"))
