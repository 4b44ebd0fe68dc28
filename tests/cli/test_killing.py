"""`--kill` where an engine answers with an error, and where another book's engine is slow."""

import asyncio
from argparse import Namespace
from pathlib import Path

import pytest

from cli import kill_words, killing
from cli.kill_words import End, Voice
from domain.errors import Corrupt, DeskError, Refused
from domain.halts import Evidence, Halt, HaltState, Level, Marker
from domain.instruments import Account
from storage.places import Places


def args(data_dir: Path, **told: object) -> Namespace:
    terms = {"mode": None, "kill": "x", "kill_scope": "GLOBAL", "kill_level": "HALT_CANCEL"}
    return Namespace(data_dir=str(data_dir), json=False, config=None, **{**terms, **told})


@pytest.mark.parametrize(
    "error",
    [Corrupt("KeyError in the desk"), Refused("operator", "user id 0 is no operator")],
    ids=["a bug", "no operator"],
)
async def test_an_engine_that_answers_with_an_error_leaves_the_cancelling_to_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: DeskError
) -> None:
    alone: list[str] = []

    class Answering:
        async def __aenter__(self) -> object:
            raise error

        async def __aexit__(self, *_: object) -> None:
            """Nothing was opened."""

    async def by_ourselves(
        _: Namespace, places: Places, __: Marker, ___: Voice
    ) -> tuple[End, tuple[Evidence, ...]]:
        alone.append(places.book)
        return End.VERIFIED, ()

    monkeypatch.setattr(killing, "attached", lambda *_, **__: Answering())
    monkeypatch.setattr(killing, "alone", by_ourselves)
    for book in ("demo", "live"):
        (tmp_path / book).mkdir()
    assert await killing.kill(args(tmp_path)) == 0
    assert sorted(alone) == ["demo", "live"]


async def test_no_book_waits_for_another_ones_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = {book: asyncio.Event() for book in ("demo", "paper", "live")}

    async def slowly(places: Places, _: Marker, __: Voice) -> Halt | None:
        met[places.book].set()
        for book, there in met.items():
            assert (tmp_path / book / "HALT").exists(), f"{book} has no marker yet"
            await there.wait()
        return Halt(
            halt_id="x", level=Level.HALT_CANCEL, reason="x", actor="x", at_us=1,
            state=HaltState.HALTED, verified=True,
        )  # fmt: skip

    monkeypatch.setattr(killing, "_through_the_engine", slowly)
    for book in met:
        (tmp_path / book).mkdir()
    async with asyncio.timeout(5):
        assert await killing.kill(args(tmp_path)) == 0


async def test_a_kill_that_takes_long_says_every_few_seconds_what_it_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kill_words, "TELL_S", 0.01)
    main, other = Account("kraken", "main"), Account("kucoin", "main")
    evidence: list[Evidence] = []
    told: list[str] = []
    heard = asyncio.Event()

    def voice(line: str) -> None:
        told.append(line)
        heard.set()

    with kill_words.telling(voice, "live", lambda: kill_words.waiting_for(evidence)):
        await heard.wait()
        assert told[-1].endswith("s: no account has answered yet")
        evidence += [
            Evidence(account=main, cancelled=2, verified_ms=900),
            Evidence(account=other, still_open=3, attempts=2, error="no answer in 20 s"),
        ]
        heard.clear()
        await heard.wait()
    assert told[-1].startswith("live: after ")
    assert told[-1].endswith("s: kucoin/main: 3 still open after 2 tries: no answer in 20 s")
    said = len(told)
    await asyncio.sleep(0.05)
    assert len(told) == said, "it ends with the kill"


def test_the_worst_end_of_any_book_is_the_process_status() -> None:
    assert [end.status for end in kill_words.GRAVITY] == [0, 0, 69, 75]
