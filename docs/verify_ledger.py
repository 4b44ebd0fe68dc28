"""Verify a Quarterdeck ledger with nothing of Quarterdeck: python verify_ledger.py FILE [HEAD].

FILE is a ledger.db (opened for reading only) or a JSONL export; HEAD is the file `head` that
lies beside a ledger. Exit 0: the chain holds. Exit 1: it does not. Python's standard library
only, and written apart from the program that it checks.
"""  # noqa: INP001 - a single file to be copied anywhere

import hashlib
import json
import sqlite3
import sys
import urllib.parse
from collections.abc import Iterator
from decimal import Context, Decimal, setcontext
from pathlib import Path


def rows_of(file: Path) -> Iterator[tuple]:
    """Yield (seq, prev, hash, payload, index columns, postings) of each row, oldest first."""
    with file.open("rb") as opened:
        is_database = opened.read(16) == b"SQLite format 3\0"
    if not is_database:
        for line in file.read_text("utf-8").split("\n")[:-1]:
            row = json.loads(line)
            prev, own = bytes.fromhex(row["prev"]), bytes.fromhex(row["hash"])
            yield row["seq"], prev, own, row["payload"].encode(), None, None
        return
    address = f"file:{urllib.parse.quote(str(file.resolve()))}?mode=ro"
    database, lines = sqlite3.connect(address, uri=True), {}
    for seq, asset, account, amount in database.execute("SELECT * FROM posting"):
        lines.setdefault(seq, {}).setdefault(asset, {})[account] = amount
    columns = "seq, prev, hash, payload, kind, account, idem"
    for row in database.execute(f"SELECT {columns} FROM event ORDER BY seq"):  # noqa: S608
        yield *row[:4], row[4:], lines.pop(row[0], {})
    database.close()
    need(not lines, f"postings without an event: {sorted(lines)}")


def check(file: Path, head: Path | None) -> str:
    """Walk the chain and raise at the first row that does not hold."""
    previous, keys, hashes = bytes(32), set(), []
    for seq, prev, own, payload, index, postings in rows_of(file):
        at = f"row {len(hashes) + 1}:"
        need(seq == len(hashes) + 1, f"{at} gap, next comes {seq}")
        need(prev == previous, f"{at} is not behind the row before it")
        body = b"ledger-v1\0" + prev + seq.to_bytes(8, "big") + payload
        need(own == hashlib.sha256(body).digest(), f"{at} hash is not that of the payload")
        # A float or NaN becomes a Decimal, which cannot be written back: FAIL.
        told = json.loads(payload, parse_float=Decimal, parse_constant=Decimal)
        again = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        need(again.encode() == payload, f"{at} payload is not in canonical form")
        meant = told.get("postings", {})
        for asset, amounts in meant.items():
            need(not sum(map(Decimal, amounts.values())), f"{at} {asset} does not sum to zero")
        key = (told["kind"], told.get("account", ""), told["key"])
        need(index in {None, key}, f"{at} index is not that of the payload")
        need(postings in (None, meant), f"{at} postings are not those of the payload")
        need(told["key"] not in keys, f"{at} key was used before")
        keys.add(told["key"])
        hashes.append(own.hex())
        previous = own
    note = json.loads(head.read_text("utf-8")) if head else {"seq": len(hashes), "hash": hashes[-1]}
    known = dict(enumerate(hashes, 1)).get(note["seq"])
    need(known == note["hash"], "the head file knows another ledger")
    return f"OK (chain only; not sealed, not anchored): {len(hashes)} rows, head {hashes[-1]}"


def need(holds: object, text: str) -> None:
    """Raise unless it holds."""
    if not holds:
        raise ValueError(text)


if __name__ == "__main__":
    setcontext(Context(prec=1000))
    try:
        verdict = check(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the ledger is not proven
        sys.exit(f"FAIL: {type(error).__name__}: {error}")
    sys.stdout.write(f"{verdict}\n")
