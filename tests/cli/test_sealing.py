"""The key of a ledger: made without a question, rotated with a code, never quietly replaced."""

import argparse
import json
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from cli.commands.dispatch import dispatch
from cli.engines import own_engine
from cli.ground import stand
from cli.parser import parse
from cli.sealing import KEY_FILE
from domain.asks import AcceptLedgerLoss, DemoCode, RotateSealKey
from domain.errors import Corrupt, DeskError, Misconfigured, Refused
from domain.queries import ReadLedger, VerifyLedger
from storage.head import read_head
from storage.places import Places
from storage.verify import Witness, verify_file

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def args(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., argparse.Namespace]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("QUARTERDECK_MONITORING__PROMETHEUS_PORT", "0")
    monkeypatch.chdir(tmp_path)

    def made(*words: str) -> argparse.Namespace:
        return parse([*words, "--demo", "--data-dir", str(tmp_path / "data"), "--seed", "3"])

    return made


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "data", "demo")


async def test_a_demo_ledger_is_sealed_and_anchored_from_its_first_row(
    args: Callable[..., argparse.Namespace], places: Places
) -> None:
    async with own_engine(stand(args("--daemon")), serve=False) as own:
        report = await own.desk.ask(VerifyLedger())
        assert (report.result, report.unproven) == ("OK", ())
        shown = own.desk.board.ledger
        assert (bool(shown.sealed_by), shown.anchored_seq) == (True, 2)
    key = (places.directory / KEY_FILE).read_text("ascii").strip()
    for path in places.data_dir.rglob("*"):
        if path.is_file() and path.name != KEY_FILE:
            assert key.encode() not in path.read_bytes(), path


async def test_a_new_key_takes_a_code_and_has_the_old_ones_word(
    args: Callable[..., argparse.Namespace],
    places: Places,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with own_engine(stand(args("--daemon")), serve=False) as own:
        before = own.desk.board.ledger.sealed_by
        with pytest.raises(DeskError, match="code"):
            await own.desk.ask(RotateSealKey(code="000000"))
        code = (await own.desk.ask(DemoCode())).detail
        told = await own.desk.ask(RotateSealKey(code=code))
        assert own.desk.board.ledger.sealed_by not in ("", before)
    async with own_engine(stand(args("--daemon")), serve=False) as own:
        assert own.desk.board.ledger.sealed_by in told.detail
    assert dispatch_in_thread(args("ledger", "key", "--json")) == 0
    keys = json.loads(capsys.readouterr().out)
    assert [row["vouched"] for row in keys] == ["yes", "yes"]
    files = (places.data_dir / "anchors-demo.log",)
    report = verify_file(places.ledger, places.head, witness=Witness(keys[-1]["public_key"], files))
    assert (report.result, report.problem, report.unproven) == ("OK", "", ())


async def test_a_lost_key_stops_the_start_until_a_new_one_is_asked_for(
    args: Callable[..., argparse.Namespace], places: Places
) -> None:
    async with own_engine(stand(args("--daemon")), serve=False):
        pass
    (places.directory / KEY_FILE).unlink()
    with pytest.raises(Misconfigured, match=r"bring the file seal.key back.*--new-seal-key"):
        async with own_engine(stand(args("--daemon")), serve=False):
            pass
    async with own_engine(stand(args("--daemon", "--new-seal-key")), serve=False) as own:
        report = await own.desk.ask(VerifyLedger())
    assert report.result == "OK"
    assert [one for one in report.unproven if one.startswith("the change to key")]


async def test_anchors_that_cannot_be_written_raise_an_alarm_and_stop_nothing(
    args: Callable[..., argparse.Namespace],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "taken").mkdir()
    monkeypatch.setenv("QUARTERDECK_LOGGING__ANCHOR_FILE", str(tmp_path / "taken"))
    async with own_engine(stand(args("--daemon")), serve=False) as own:
        assert own.desk.board.phase == "READY"
        assert "no anchor could be written" in own.desk.board.ledger.anchor_problem
        assert "ledger anchors" in [alarm.alarm for alarm in own.desk.board.alarms]


def dispatch_in_thread(told: argparse.Namespace) -> int:
    """A command has a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(dispatch, told).result(30)


def first_of(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@pytest.mark.parametrize("with_its_head", [False, True], ids=["ledger alone", "with its head file"])
async def test_a_ledger_that_lost_rows_goes_on_with_a_code_and_keeps_what_knew_them(
    args: Callable[..., argparse.Namespace],
    places: Places,
    tmp_path: Path,
    with_its_head: bool,
) -> None:
    loss = ("ledger", "accept-loss", "--reason", "the disk died", "--code")
    async with own_engine(stand(args("--daemon")), serve=False) as own:
        with pytest.raises(Refused, match="nothing is lost"):
            await own.desk.ask(AcceptLedgerLoss(code="000000", reason="x"))
    old = [(path, tmp_path / path.name) for path in (places.ledger, places.head)]
    with closing(sqlite3.connect(places.ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path, copy in old:
        shutil.copy(path, copy)
    async with own_engine(stand(args("--daemon")), serve=False):
        pass
    known = read_head(places.head)
    assert known is not None
    for path, copy in old[: 1 + with_its_head]:
        shutil.copy(copy, path)
    for beside in places.directory.glob("ledger.db-*"):
        beside.unlink()  # a log of writes that a reader kept open would bring the rows back
    with pytest.raises(ExceptionGroup) as refused:
        async with own_engine(stand(args("--daemon")), serve=False):
            pass
    corrupt = first_of(refused.value)
    assert isinstance(corrupt, Corrupt)
    assert "ledger accept-loss" in str(corrupt)

    with pytest.raises(ExceptionGroup) as refused:
        dispatch_in_thread(args(*loss, "000000"))
    assert isinstance(first_of(refused.value), Refused)
    async with own_engine(stand(args(*loss, "-")), serve=False) as own:
        assert own.desk.board.killed
        code = (await own.desk.ask(DemoCode())).detail
        await own.desk.ask(AcceptLedgerLoss(code=code, reason="the disk died"))
        rows = await own.desk.ask(ReadLedger(limit=1, kind="ledger_loss_accepted"))
        written = json.loads(rows.rows[0].payload)["fact"]
        assert (written["known_seq"], written["known_hash"]) == (known.seq, known.hash)
        assert written["found_seq"] > 1
    async with own_engine(stand(args("--daemon")), serve=False) as own:
        assert (await own.desk.ask(VerifyLedger())).result == "OK"
        assert own.desk.board.killed, "a halt is released by a code, not by a restart"
    aside = list(places.data_dir.glob("anchors-demo.log.until-*"))
    assert known.hash in aside[0].read_text()
