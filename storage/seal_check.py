"""What the seals prove: whose chain this is, up to its newest row.

The one rule: a seal is judged by the key that was in force at its row, and a key by the one
before it. From the row that adopts the first key on, an end without a seal is a forgery.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from domain.controls import SealKeyAdopted
from domain.registry import kind_of
from storage.batch import Head
from storage.comparisons import Finding
from storage.seals import fingerprint, key_message, seal_fits, signed_by

_ADOPTED = "SELECT seq, payload FROM event WHERE kind = ? ORDER BY seq"
_GENESIS = "SELECT payload FROM event WHERE seq = 1"
_SEALS = (
    "SELECT seq, hash, seal FROM event WHERE seq > ? AND seq <= ? AND seal IS NOT NULL ORDER BY seq"
)
_SEALED = "SELECT seal IS NOT NULL FROM event WHERE seq = ?"


class Era(NamedTuple):
    """From row `since` on this key seals; `vouched` when the key before it agreed."""

    since: int
    public_key: str
    vouched: bool
    problem: str


def eras(reader: sqlite3.Connection, upto: int) -> tuple[Era, ...]:
    """Every key that was adopted in the rows up to one, oldest first."""
    found: list[Era] = []
    for seq, payload in reader.execute(_ADOPTED, (kind_of(SealKeyAdopted),)):
        if seq <= upto:
            before = found[-1].public_key if found else ""
            fact = json.loads(payload)["fact"]
            found.append(_era(ledger_id_of(reader), seq, fact, before))
    return tuple(found)


def key_at(known: Sequence[Era], seq: int) -> str:
    """The key in force at a row; "" before the first one."""
    return next((era.public_key for era in reversed(known) if era.since <= seq), "")


def key_findings(
    reader: sqlite3.Connection, known: Sequence[Era], end: int, ours: str
) -> list[Finding]:
    """Adoptions that do not hold, an end without a seal, and a key that is not `ours` (if told)."""
    found = [Finding(era.since, era.problem) for era in known if era.problem]
    if known and reader.execute(_SEALED, (end,)).fetchone() != (1,):
        found.append(Finding(end, "seal: the newest row has none, though the ledger is sealed"))
    now = known[-1].public_key if known else ""
    if ours and now != ours:
        told = f"by key {fingerprint(now)}" if now else "by nobody"
        text = f"seal: sealed {told}, not by the key that was given ({fingerprint(ours)})"
        found.append(Finding(0, text))
    return found


def not_vouched(known: Sequence[Era]) -> tuple[str, ...]:
    """What only a person can confirm: changes of key without the old key's word."""
    return tuple(
        f"the change to key {fingerprint(era.public_key)} at row {era.since}"
        for era in known[1:]
        if not era.vouched
    )


def seal_problems(
    reader: sqlite3.Connection, known: Sequence[Era], above: int, upto: int
) -> Iterator[Finding]:
    """Seals of a span of rows that the key in force did not make."""
    ledger_id = ledger_id_of(reader) if known else ""
    for seq, row_hash, seal in reader.execute(_SEALS, (above, upto)):
        key = key_at(known, seq)
        if not key:
            yield Finding(seq, "seal: no key was adopted before it")
        elif not seal_fits(ledger_id, key, Head(seq, row_hash), seal):
            yield Finding(seq, f"seal: not made by key {fingerprint(key)} for this row")


def _era(ledger_id: str, seq: int, fact: dict[str, Any], before: str) -> Era:
    key, told = str(fact["public_key"]), str(fact.get("before", ""))
    by_own, by_before = str(fact["by_own"]), str(fact.get("by_before", ""))
    message = key_message(ledger_id, told, key)
    vouched = bool(by_before) and signed_by(told, bytes.fromhex(by_before), message)
    problem = ""
    if told != before:
        problem = "seal: the key before it is another one"
    elif not signed_by(key, bytes.fromhex(by_own), message):
        problem = "seal: whoever adopted this key did not have it"
    elif by_before and not vouched:
        problem = "seal: the key before it did not agree"
    return Era(seq, key, vouched or not before, problem)


def ledger_id_of(reader: sqlite3.Connection) -> str:
    """The ledger's id, from its genesis."""
    (payload,) = reader.execute(_GENESIS).fetchone()
    return str(json.loads(payload)["fact"]["ledger_id"])
