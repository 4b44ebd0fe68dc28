"""Verify a Quarterdeck ledger with nothing of Quarterdeck.

python verify_ledger.py FILE [HEAD] [KEY] [ANCHORS ...]

FILE is a ledger.db (opened for reading only) or a JSONL export; HEAD the file `head` beside a
ledger; KEY the public key that should have sealed it (64 hexadecimal digits); ANCHORS any text
with anchors in it. Exit 0: it holds. Exit 1: it does not, or a file that was given proves
nothing. Python's standard library only, Ed25519 (RFC 8032) included, and written apart from
the program that it checks.
"""  # noqa: INP001 - a single file to be copied anywhere

import hashlib
import json
import re
import sqlite3
import sys
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, setcontext
from pathlib import Path

ANCHOR = r"quarterdeck-anchor/1 (\w{32}) (\d+) (\w{64}) (\w{64}) (\w{144})"
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)


def rows_of(file: Path) -> Iterator[tuple]:
    """Yield (seq, prev, hash, payload, seal, index columns, postings) per row, oldest first."""
    with file.open("rb") as opened:
        is_database = opened.read(16) == b"SQLite format 3\0"
    if not is_database:
        for line in file.read_text("utf-8").split("\n")[:-1]:
            row = json.loads(line)
            prev, own, seal = (
                bytes.fromhex(row.get(name, "")) for name in ("prev", "hash", "seal")
            )
            yield row["seq"], prev, own, row["payload"].encode(), seal, None, None
        return
    address = f"file:{urllib.parse.quote(str(file.resolve()))}?mode=ro"
    database, lines = sqlite3.connect(address, uri=True), {}
    for seq, asset, account, amount in database.execute("SELECT * FROM posting"):
        lines.setdefault(seq, {}).setdefault(asset, {})[account] = amount
    columns = "seq, prev, hash, payload, seal, kind, account, idem, symbol, side, ts_us"
    for row in database.execute(f"SELECT {columns} FROM event ORDER BY seq"):  # noqa: S608
        written = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row[10])
        at = written.isoformat(timespec="microseconds").replace("+00:00", "Z")
        yield *row[:5], (*row[5:10], at), lines.pop(row[0], {})
    database.close()
    need(not lines, f"postings without an event: {sorted(lines)}")


def check(file: Path, heads: list, key: str, anchors: list) -> str:
    """Walk the chain and raise at the first row that does not hold."""
    previous, keys, hashes, ledger, now, seal = bytes(32), set(), [], "", "", None
    for seq, prev, own, payload, seal, index, postings in rows_of(file):  # noqa: B007
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
        fill = told["fact"].get("fill", {})
        filled = (fill.get("symbol", ""), fill.get("side", ""))
        names = (told["kind"], told.get("account", ""), told["key"], *filled, told["ts"])
        need(index in {None, names}, f"{at} index is not that of the payload")
        need(postings in (None, meant), f"{at} postings are not those of the payload")
        need(told["key"] not in keys, f"{at} key was used before")
        keys.add(told["key"])
        ledger = ledger or told["fact"]["ledger_id"]
        now = told["fact"]["public_key"] if told["kind"] == "seal_key_adopted" else now
        hashes.append(own.hex())
        previous = own
    known = dict(enumerate(hashes, 1))
    for head in heads:
        need(known.get(head["seq"]) == head["hash"], "the head file knows another ledger")
    need(key in {"", now}, "it was sealed by another key, or by none")
    # The newest seal vouches for its row, and through the chain for every row before it.
    fits = bool(now and seal) and sealed(ledger, len(hashes), previous, now, seal)
    need(fits or not now, "the seal of the newest row is wrong or missing")
    mine = [anchor for anchor in anchors if anchor[0] == ledger]
    for _, seq, own, by, told in mine:
        whole = sealed(ledger, int(seq), bytes.fromhex(own), by, bytes.fromhex(told))
        need(whole and known.get(int(seq)) == own, f"the anchor of row {seq} knows another ledger")
    proof = f"sealed by {now}{'' if key else ', whosever that is'}" if now else "not sealed"
    return f"OK ({proof}; {len(mine) or 'no'} anchors): {len(hashes)} rows, head {hashes[-1]}"


def sealed(ledger: str, seq: int, own: bytes, key: str, seal: bytes) -> bool:
    """Whether the key made the seal of this row."""
    message = b"TL1-seal\0" + bytes.fromhex(ledger) + seq.to_bytes(8, "big") + own + seal[:8]
    public, r, s = bytes.fromhex(key), seal[8:40], int.from_bytes(seal[40:], "little")
    h = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    base, left = point(((4 * pow(5, -1, P)) % P).to_bytes(32, "little")), (0, 1)
    for times, step in ((s, base), (L - h, point(public))):
        where = step
        for bit in range(253):
            left = plus(left, where) if times >> bit & 1 else left
            where = plus(where, where)
    return s < L and left == point(r)


def plus(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points of the curve."""
    both = D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + both, -1, P)
    return x % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - both, -1, P) % P


def point(raw: bytes) -> tuple[int, int]:
    """The point that 32 bytes stand for."""
    number = int.from_bytes(raw, "little")
    y, odd = number % 2**255, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    need(x * x % P == square and y < P, "no point of the curve")
    return (P - x if x % 2 != odd else x), y


def told_by(text: str) -> tuple[list, list]:
    """The row that a head file names, or the anchors in any other text."""
    found = re.findall(ANCHOR, text)
    try:
        head = [] if found else [json.loads(text)]
    except ValueError:
        head = []
    is_head = bool(head) and head[0].keys() == {"hash", "seq"}
    need(found or is_head, "a file that was given holds neither a head nor an anchor")
    return head, found


def need(holds: object, text: str) -> None:
    """Raise unless it holds."""
    if not holds:
        raise ValueError(text)


if __name__ == "__main__":
    setcontext(Context(prec=1000))
    try:
        rest = sys.argv[2:]
        told_key = next((one.lower() for one in rest if re.fullmatch(r"[0-9a-fA-F]{64}", one)), "")
        texts = [Path(one).read_text("utf-8") for one in rest if one.lower() != told_key]
        notes = [told_by(text) for text in texts]
        heads = [head for known, _ in notes for head in known]
        seen = [anchor for _, known in notes for anchor in known]
        verdict = check(Path(sys.argv[1]), heads, told_key, seen)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the ledger is not proven
        sys.exit(f"FAIL: {type(error).__name__}: {error}")
    sys.stdout.write(f"{verdict}\n")
