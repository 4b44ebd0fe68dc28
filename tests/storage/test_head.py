import asyncio
import json
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import open_reader
from storage.head import HeadNote, head_problem, read_head, write_head
from storage.places import Places
from storage.verify import verify_file
from tests.storage.samples import opened, sent, until, written

HASH = "ab" * 32


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_head(tmp_path / "head", 7, HASH)
    assert read_head(tmp_path / "head") == HeadNote(7, HASH)
    assert [path.name for path in tmp_path.iterdir()] == ["head"]


def test_no_file_is_no_note(tmp_path: Path) -> None:
    assert read_head(tmp_path / "head") is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"seq": 1}',
        b'{"seq": "1", "hash": "x"}',
        b'{"seq": true, "hash": "' + b"ab" * 32 + b'"}',
        b'{"seq": 0, "hash": "' + b"ab" * 32 + b'"}',
        b'{"seq": 1, "hash": "short"}',
        b'{"seq": 1, "hash": "' + b"a" * 2000,
    ],
)
def test_a_garbled_file_is_an_error_and_never_nothing(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "head").write_bytes(raw)
    with pytest.raises(ValueError, match="head"):
        read_head(tmp_path / "head")


def problem(places: Places) -> str:
    with closing(open_reader(places.ledger)) as reader:
        return head_problem(places.head, reader)


async def test_the_file_follows_the_ledger_while_it_is_open(tmp_path: Path) -> None:
    places = Places(tmp_path, "demo")
    async with opened(tmp_path) as ledger:
        assert read_head(places.head) == HeadNote(1, ledger.head.hash.hex())
        await ledger.append([sent(1)])
        await until(lambda: read_head(places.head) == HeadNote(2, ledger.head.hash.hex()))
        await ledger.append([sent(2)])
    assert read_head(places.head) == HeadNote(3, ledger.head.hash.hex())


async def test_a_ledger_that_is_ahead_of_its_file_is_in_order(tmp_path: Path) -> None:
    places = await written(tmp_path, [sent(1), sent(2)])
    with closing(open_reader(places.ledger)) as reader:
        (second,) = reader.execute("SELECT hash FROM event WHERE seq = 2").fetchone()
    write_head(places.head, 2, second.hex())
    assert problem(places) == ""
    assert verify_file(places.ledger, places.head).result == "OK"


async def test_a_crash_between_the_genesis_and_its_head_file_is_in_order(tmp_path: Path) -> None:
    places = await written(tmp_path, [])
    places.head.unlink()
    assert problem(places) == ""
    assert verify_file(places.ledger, places.head).result == "OK"


async def spoil_missing(places: Places) -> None:
    places.head.unlink()


async def spoil_ahead(places: Places) -> None:
    write_head(places.head, 99, HASH)


async def spoil_other(places: Places) -> None:
    write_head(places.head, 2, HASH)


async def spoil_garbled(places: Places) -> None:
    places.head.write_text("{")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_missing, "is missing, the ledger has 3 rows"),
        (spoil_ahead, "knows row 99, the ledger ends at 3"),
        (spoil_other, "row 2 is not the one"),
        (spoil_garbled, "cannot be read"),
    ],
)
async def test_a_head_file_that_contradicts_the_ledger_is_told_and_kept_as_evidence(
    tmp_path: Path, spoil: object, words: str
) -> None:
    places = await written(tmp_path, [sent(1), sent(2)])
    await spoil(places)  # type: ignore[operator]
    evidence = places.head.read_bytes() if places.head.exists() else None
    async with opened(tmp_path) as ledger:
        assert words in ledger.head_problem
        await ledger.append([sent(3)])
        await asyncio.sleep(0.06)  # three times the interval at which it would be renewed
    assert (places.head.read_bytes() if places.head.exists() else None) == evidence
    report = verify_file(places.ledger, places.head)
    assert report.result == "FAIL"
    assert json.dumps(report.problem)
