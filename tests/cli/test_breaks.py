"""`breaks` and `order lost`: what only a person can settle, settled on the command line."""

import json
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from cli.commands.dispatch import ON_A_DESK
from cli.parser import build
from domain.board import Break
from domain.breaks import OTHERWISE, REMEDIES, remedy
from domain.controls import BreakClosed, BreakOpened
from domain.errors import Refused
from domain.events import OrderAbsent
from domain.orders import Status
from tests.engine.rig import KRAKEN, Rig, running

NAME = "BALANCE_UNEXPLAINED:kraken/main:BTC:7"
ENGINE = Path(__file__).parent.parent.parent / "engine"
Command = Callable[..., Awaitable[tuple[int, str]]]


def typed(rig: Rig, capsys: pytest.CaptureFixture[str]) -> Command:
    async def run(*words: str) -> tuple[int, str]:
        args = build().parse_args(list(words))
        status = await ON_A_DESK[words[0]](rig.me, args)
        return status, capsys.readouterr().out

    return run


async def opened(rig: Rig, value: str | None = "-12.5") -> None:
    await rig.desk.record(
        BreakOpened(
            at_us=1_760_000_000_000_000,
            actor="engine",
            break_id=NAME,
            kind="BALANCE_UNEXPLAINED",
            account=KRAKEN,
            detail="BTC: the facts give 1, kraken says 0.9998",
            value=None if value is None else Decimal(value),
        )
    )


async def test_no_break_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, moving=False) as rig:
        run = typed(rig, capsys)
        assert await run("breaks") == (0, "no break is open\n")
        assert await run("breaks", "list", "--json") == (0, "[]\n")


async def test_a_break_is_told_with_its_size_since_when_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, moving=False) as rig:
        run = typed(rig, capsys)
        await opened(rig)
        status, told = await run("breaks")
        assert status == 0
        head, *rest = told.splitlines()
        assert head == ("BALANCE_UNEXPLAINED  kraken/main  -12.50 USD  since 2025-10-09 08:53:20")
        assert rest[0] == "  BTC: the facts give 1, kraken says 0.9998"
        assert "quarterdeck import" in rest[1]
        assert f"quarterdeck breaks accept '{NAME}' --reason WHY" in rest[2]
        (found,) = json.loads((await run("breaks", "list", "--json"))[1])
        assert (found["break_id"], found["value"]) == (NAME, "-12.5")
        assert (found["since"], found["account"]) == ("2025-10-09 08:53:20", "kraken/main")
        assert found["remedy"] == REMEDIES["BALANCE_UNEXPLAINED"]


async def test_a_size_that_is_not_known_is_not_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, moving=False) as rig:
        await opened(rig, None)
        assert "  size not known  " in (await typed(rig, capsys)("breaks"))[1]


async def test_an_accepted_break_is_gone_and_the_ledger_says_who_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, moving=False) as rig:
        run = typed(rig, capsys)
        await opened(rig)
        terms = ("--reason", "a fee of the venue")
        with pytest.raises(Refused, match="second_factor"):
            await run("breaks", "accept", NAME, *terms, "--code", "000000")
        assert rig.board.breaks
        with pytest.raises(Refused, match="there is no open break BTC"):
            await run("breaks", "accept", "BTC", *terms, "--code", "000000")
        with pytest.raises(Refused, match="say why, for the ledger"):
            await run("breaks", "accept", NAME, "--reason", " ")
        capsys.readouterr()
        status, told = await run("breaks", "accept", NAME, *terms)
        assert (status, rig.board.breaks) == (0, ())
        assert re.fullmatch(r"demo code: \d{6}\nthe break is closed as accepted\n", told)
        (closed,) = [f async for _, f in rig.ledger.facts() if isinstance(f, BreakClosed)]
        assert (closed.actor, closed.reason) == ("me", "a fee of the venue")


async def test_an_order_that_no_search_can_settle_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path) as rig:
        run = typed(rig, capsys)
        rig.demo.venues["kraken"].faults.lost_requests = 1
        name = (await rig.submit()).client_id
        with pytest.raises(Refused, match="unknown_order"):
            await rig.submit()
        terms = ("order", "lost", name, "--reason", "not in the venue's list")
        with pytest.raises(Refused, match="second_factor"):
            await run(*terms, "--code", "000000")
        with pytest.raises(Refused, match="say why, for the ledger"):
            await run("order", "lost", name, "--reason", "")
        status, told = await run(*terms)
        assert (status, rig.order(name).status) == (0, Status.LOST)
        assert f"{name} LOST" in told
        (lost,) = [f async for _, f in rig.ledger.facts() if isinstance(f, OrderAbsent)]
        assert (lost.actor, lost.reason) == ("me", "marked lost by me: not in the venue's list")
        assert (await rig.submit()).status is Status.OPEN


async def test_an_order_that_is_well_is_not_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path) as rig:
        name = (await rig.submit()).client_id
        with pytest.raises(Refused, match=f"{name} is OPEN, neither UNKNOWN nor vanished"):
            await typed(rig, capsys)("order", "lost", name, "--reason", "x", "--code", "000000")


@pytest.mark.parametrize("words", [("breaks", "accept", "x"), ("order", "lost", "x")])
def test_a_decision_without_a_reason_is_not_taken(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        build().parse_args(list(words))
    assert left.value.code == 64
    assert "--reason" in capsys.readouterr().err


def test_every_kind_of_break_that_the_engine_opens_has_a_remedy() -> None:
    said = re.compile(r'(?:kind=|KIND = |VANISHED = |REOPENED = |kind = )"([A-Z_]+)"')
    sources = [*ENGINE.glob("*.py"), ENGINE.parent / "domain" / "board.py"]
    kinds = {kind for path in sources for kind in said.findall(path.read_text(encoding="utf-8"))}
    also = set(re.findall(r'else "([A-Z]+_CHANGED)"', (ENGINE / "importing.py").read_text()))
    assert also == {"MOVEMENT_CHANGED"}
    assert kinds | also == set(REMEDIES)


def test_a_kind_of_a_later_release_has_a_remedy_too() -> None:
    known = Break(break_id="x", kind="NEW", account=KRAKEN, detail="", at_us=1)
    assert remedy(known) == OTHERWISE
