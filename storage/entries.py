"""A fact as the ledger holds it, and back.

The one rule: everything that matters is inside the payload, whose bytes are hashed; the columns
beside it are an index that verification compares with the payload.

A payload is one JSON object:
    account   where the fact concerns one account: `kraken/main`
    actor     who or what did it
    fact      the fact's own fields (domain.codec); money is canonical text
    key       the idempotency key: the fact's own, or its kind and a digest of all the rest
    kind      the fact's name in domain.registry
    postings  of a fact that moves money: asset → posting account → amount, each asset sums to 0
    ts        when, `2025-01-01T00:00:01.000000Z`
    v         the payload's version; a reader turns an older one into today's fact
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple, NoReturn

from accounting.postings import Posting, postings_of
from domain.bookings import FillBooked, FillReversed
from domain.codec import decode, encode
from domain.days import iso, to_us
from domain.errors import Corrupt
from domain.events import Fact, FillAdopted
from domain.money import canonical as plain
from domain.orders import Fill
from domain.queries import BookedFill
from domain.registry import facts_by_kind, kind_of
from storage.chain import spelled

VERSION = 1
DIGEST_LENGTH = 16  # hexadecimal characters of a derived key
_FILL_BOOKED = kind_of(FillBooked)
# What a payload of another shape makes a reader raise.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_PARTS_WITH_ACCOUNT = ("fill", "movement", "order", "evidence", "report")


class Entry(NamedTuple):
    """A fact ready to be chained: its payload bytes and what the index columns will say.

    `symbol` and `side` are those of the fact's fill, "" for a fact without one.
    """

    fact: Fact
    at_us: int
    kind: str
    account: str
    symbol: str
    side: str
    key: str
    payload: bytes


def entry_of(fact: Fact) -> Entry:
    """The fact as it will be stored.

    Raises:
        TypeError, ValueError: for a fact that has no exact JSON; that is a bug of its maker.
    """
    kind = kind_of(type(fact))
    told: dict[str, Any] = encode(fact)
    del told["at_us"], told["actor"]
    payload: dict[str, Any] = {
        "actor": fact.actor,
        "fact": told,
        "kind": kind,
        "ts": iso(fact.at_us),
        "v": VERSION,
    }
    account = str(_ACCOUNT[type(fact)](fact))
    if account:
        payload["account"] = account
    postings = postings_of(fact)
    if postings:
        payload["postings"] = as_objects(postings)
    key = fact.key() or f"{kind}:{sha256(spelled(payload)).hexdigest()[:DIGEST_LENGTH]}"
    payload["key"] = key
    fill = fact.fill if isinstance(fact, FillBooked | FillReversed | FillAdopted) else None
    return Entry(
        fact=fact,
        at_us=fact.at_us,
        kind=kind,
        account=account,
        symbol="" if fill is None else fill.symbol,
        side="" if fill is None else fill.side.value,
        key=key,
        payload=spelled(payload),
    )


def fact_of(seq: int, payload: bytes) -> Fact:
    """The fact that row `seq` holds.

    Raises:
        Corrupt: naming the row, when its kind is unknown or its payload cannot be read.
    """
    try:
        return _read(_told(payload))
    except _UNREADABLE as error:
        raise _corrupt(seq, error) from error


def fill_of(seq: int, payload: bytes) -> BookedFill:
    """The fill that row `seq` books: a page needs no more of the fact.

    Raises:
        Corrupt: naming the row, when it books no fill or cannot be read.
    """
    try:
        told = _told(payload)
        if told["kind"] != _FILL_BOOKED:
            raise ValueError("the index takes it for a fill")
        fact = told["fact"]
        return BookedFill(seq=seq, fill=decode(Fill, fact["fill"]), source=str(fact["source"]))
    except _UNREADABLE as error:
        raise _corrupt(seq, error) from error


def as_objects(postings: Sequence[Posting]) -> dict[str, dict[str, str]]:
    """Postings as a payload holds them: asset → account → amount as canonical text."""
    assets: dict[str, dict[str, str]] = {}
    for account, asset, amount in postings:
        assets.setdefault(asset, {})[account] = plain(amount)
    return assets


def _told(payload: bytes) -> Any:
    text = payload.decode()
    told, end = _JSON.raw_decode(text)
    # A payload that we wrote has nothing around it; of any other the decoder says what it is.
    return told if end == len(text) else _JSON.decode(text)


def _read(payload: dict[str, Any]) -> Fact:
    version, kind = payload["v"], payload["kind"]
    if version != VERSION:
        raise ValueError(f"payload version {version} is not known to this program")
    shape = facts_by_kind().get(kind)
    if shape is None:
        raise ValueError(f"the kind {kind!r} is not known to this program")
    told = payload["fact"]
    told["at_us"] = to_us(datetime.fromisoformat(payload["ts"]))
    told["actor"] = payload["actor"]
    return decode(shape, told)


def _corrupt(seq: int, error: Exception) -> Corrupt:
    return Corrupt(
        f"ledger row {seq} cannot be read ({type(error).__name__}: {error}); "
        "run `quarterdeck ledger verify` and keep the file as it is"
    )


def _account_reader(shape: type) -> Callable[[Any], object]:
    names = {item.name for item in fields(shape)}
    if "account" in names:
        return attrgetter("account")
    for part in _PARTS_WITH_ACCOUNT:
        if part in names:
            return attrgetter(f"{part}.account")
    return _no_account


def _no_account(_: Fact) -> str:
    return ""


class _AccountReaders(dict[type, Callable[[Any], object]]):
    """How to read the account of each class of fact, found out when it is first met."""

    def __missing__(self, shape: type) -> Callable[[Any], object]:
        reader = self[shape] = _account_reader(shape)
        return reader


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} stands where only text and whole numbers may")


_JSON = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)
_ACCOUNT = _AccountReaders()
