"""`--kill` where an engine answers with an error, and where another book's engine is slow."""

import asyncio
from argparse import Namespace
from pathlib import Path

import pytest

from cli import killing
from domain.errors import Corrupt, DeskError, Refused
from domain.halts import Halt, HaltState, Level, Marker
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

    async def by_ourselves(_: Namespace, places: Places, __: Marker) -> int:
        alone.append(places.book)
        return killing.VERIFIED

    monkeypatch.setattr(killing, "attached", lambda *_, **__: Answering())
    monkeypatch.setattr(killing, "_alone", by_ourselves)
    for book in ("demo", "live"):
        (tmp_path / book).mkdir()
    assert await killing.kill(args(tmp_path)) == killing.VERIFIED
    assert sorted(alone) == ["demo", "live"]


async def test_no_book_waits_for_another_ones_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = {book: asyncio.Event() for book in ("demo", "paper", "live")}

    async def slowly(places: Places, _: Marker) -> Halt | None:
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
        assert await killing.kill(args(tmp_path)) == killing.VERIFIED
