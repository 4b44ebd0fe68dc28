"""Logs take every record of the process, write one line each, and never touch the terminal."""

import io
import json
import logging
import subprocess
import sys
import threading
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
import structlog

from cli import logs as cli_logs
from cli.logs import IN_MEMORY
from domain.queries import ReadLogs
from tests.cli.log_desks import written

OWN = "engine.desk"


def test_a_record_is_one_line_of_json_with_time_level_logger_and_fields(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        structlog.get_logger(OWN).info("balances read", elapsed_ms=212, assets=["BTC", "USD"])
        logging.getLogger("venues.kraken").warning("%d retries at %s", 3, "kraken")
    first, second = desk.records()
    assert first == {
        "ts": "2025-10-09T08:53:20.000000Z",
        "level": "INFO",
        "logger": OWN,
        "event": "balances read",
        "elapsed_ms": 212,
        "assets": ["BTC", "USD"],
    }
    assert (second["level"], second["event"]) == ("WARNING", "3 retries at kraken")


def test_the_account_of_the_context_is_in_every_record(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        with structlog.contextvars.bound_contextvars(account="kraken/main", operation="poll"):
            structlog.get_logger(OWN).info("own")
            logging.getLogger("asyncio").warning("foreign", extra={"seq": 5})
        logging.getLogger(OWN).info("after")
    own, foreign, after = desk.records()
    assert own["account"] == foreign["account"] == "kraken/main"
    assert foreign["operation"] == "poll"
    assert foreign["seq"] == 5
    assert "account" not in after


def test_our_rooms_log_from_the_level_on_and_all_others_from_warning(tmp_path: Path) -> None:
    with written(tmp_path, level="DEBUG") as desk:
        for name in (OWN, "ccxt.base.exchange", "aiohttp.access", "asyncio", "textual"):
            logger = logging.getLogger(name)
            before = logger.level
            logger.setLevel(logging.DEBUG)  # as a library might
            for level in ("debug", "info", "warning", "error"):
                getattr(logger, level)("%s of %s", level, name)
            logger.setLevel(before)
    told = [record["event"] for record in desk.records()]
    assert told[:4] == [f"{level} of {OWN}" for level in ("debug", "info", "warning", "error")]
    assert len(told) == 4 + 4 * 2
    assert not [event for event in told[4:] if event.startswith(("debug", "info"))]


def test_a_level_hides_what_is_below_it(tmp_path: Path) -> None:
    with written(tmp_path, level="ERROR") as desk:
        structlog.get_logger(OWN).warning("no")
        logging.getLogger(OWN).warning("no")
        structlog.get_logger(OWN).error("yes")
    assert [record["event"] for record in desk.records()] == ["yes"]


def test_our_rooms_are_those_of_the_package() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    told = tomllib.loads(project.read_text(encoding="utf-8"))
    assert list(cli_logs.ROOMS) == told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_an_exception_is_told_by_type_message_and_places_without_locals(tmp_path: Path) -> None:
    def inner() -> None:
        local_canary = "CANARY-LOCAL"
        raise KeyError(len(local_canary))

    with written(tmp_path) as desk:
        try:
            try:
                inner()
            except KeyError as error:
                raise RuntimeError("outer") from error
        except RuntimeError:
            structlog.get_logger(OWN).exception("it broke")
    (record,) = desk.records()
    told = record["exception"]
    assert (told["type"], told["message"]) == ("builtins.RuntimeError", "outer")
    assert told["cause"]["type"] == "builtins.KeyError"
    assert told["cause"]["frames"][-1].startswith("cli/test_logs.py:")
    assert told["cause"]["frames"][-1].endswith(" inner")
    assert "CANARY" not in desk.raw()
    assert str(Path(__file__).parents[2]) not in desk.raw()


def test_a_group_of_exceptions_tells_each(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        try:
            raise ExceptionGroup("several", [ValueError("one"), OSError("two")])  # noqa: TRY301
        except ExceptionGroup as error:
            logging.getLogger(OWN).error("broke", exc_info=error)  # noqa: TRY400 -- given by hand
    (record,) = desk.records()
    assert [inner["message"] for inner in record["exception"]["group"]] == ["one", "two"]


def test_a_warning_of_python_becomes_a_record(tmp_path: Path) -> None:
    with written(tmp_path) as desk, warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("this is old", DeprecationWarning, stacklevel=1)
    (record,) = desk.records()
    assert record["logger"] == "py.warnings"
    assert "this is old" in record["event"]


# The terminal


def test_nothing_is_written_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    noisy = logging.getLogger("ccxt.noisy")
    noisy.addHandler(logging.StreamHandler(sys.stderr))
    kept = logging.StreamHandler(io.StringIO())
    noisy.addHandler(kept)
    with written(tmp_path) as desk:
        assert noisy.handlers == [kept]
        noisy.error("to the file")
        structlog.get_logger(OWN).error("to the file as well")
        logging.getLogger(OWN).error("%s %s", "wrong arguments")  # noqa: PLE1206 -- on purpose
    assert len(noisy.handlers) == 2
    noisy.handlers.clear()
    assert len(desk.records()) == 3
    assert capfd.readouterr() == ("", "")


def test_the_daemon_gets_each_line_on_its_stream_as_well(tmp_path: Path) -> None:
    stream = io.StringIO()
    with written(tmp_path, mirror=stream) as desk:
        logging.getLogger(OWN).info("one")
        logging.getLogger(OWN).info("two")
        assert stream.getvalue() == desk.raw()
        stream.close()
        logging.getLogger(OWN).info("three")
    assert [record["event"] for record in desk.records()] == ["one", "two", "three"]


def test_afterwards_everything_is_as_it_was(tmp_path: Path) -> None:
    def state() -> tuple[Any, ...]:
        levels = [logging.getLogger(room).level for room in ("", *cli_logs.ROOMS)]
        return levels, logging.getLogger().handlers[:], logging.getLoggerClass()

    before = state()
    with written(tmp_path):
        assert state() != before
        assert structlog.is_configured()
    assert state() == before
    assert not structlog.is_configured()


# In memory


def test_a_page_of_lines_goes_on_from_where_the_last_one_ended(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        for number in range(1, 8):
            logging.getLogger(OWN).info("line %s" % number)  # noqa: G002, UP031 -- each its own text
        first = desk.logs.page(ReadLogs(limit=3))
        assert [line.text for line in first.lines] == ["line 5", "line 6", "line 7"]
        again = desk.logs.page(ReadLogs(after=2, limit=3))
        assert [line.number for line in again.lines] == [3, 4, 5]
        rest = desk.logs.page(ReadLogs(after=again.newest, limit=3))
        assert [line.number for line in rest.lines] == [6, 7]
        nothing = desk.logs.page(ReadLogs(after=rest.newest))
        assert (nothing.lines, nothing.newest) == ((), 7)
        assert desk.logs.page(ReadLogs(after=99)).lines == ()
        assert len(desk.logs.page(ReadLogs(limit=-5)).lines) == 1


def test_the_newest_lines_stay_in_memory_and_older_ones_go(tmp_path: Path) -> None:
    with written(tmp_path / "none") as desk:
        desk.logs._file = None
        for number in range(IN_MEMORY + 10):
            logging.getLogger(OWN).info(str(number))
        lines = desk.lines()
    assert len(lines) == IN_MEMORY
    assert lines[0].text == "10"
    assert lines[-1].number == IN_MEMORY + 10
    assert [line.number for line in desk.logs.page(ReadLogs(after=3, limit=2)).lines] == [11, 12]


def test_without_a_folder_lines_are_in_memory_alone(tmp_path: Path) -> None:
    from cli.logs import logging_to  # noqa: PLC0415
    from config.redaction import Redaction  # noqa: PLC0415
    from tests.cli.log_desks import StandingClock  # noqa: PLC0415

    with logging_to(None, clock=StandingClock(), redaction=Redaction()) as logs:
        logging.getLogger(OWN).info("kept")
        assert logs.page(ReadLogs()).lines[0].text == "kept"
        assert logs.problem == ""
    assert list(tmp_path.iterdir()) == []


def test_a_line_for_the_screen_is_one_line_of_printable_text(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        structlog.get_logger(OWN).info("a\nb\x1b[2J\u202ec", note="x\ny")
    (line,) = desk.lines()
    assert line.text == r"a b\x1b[2Jc"
    assert line.extra == r'{"note": "x\ny"}'
    assert (line.level, line.logger, line.number) == ("INFO", OWN, 1)


def test_threads_log_into_one_file_without_tearing_lines(tmp_path: Path) -> None:
    def log(name: int) -> None:
        for number in range(50):
            logging.getLogger(OWN).info(
                "%s", f"{name}-{number}", extra={"symbol": f"{name}{number}"}
            )

    with written(tmp_path) as desk:
        threads = [threading.Thread(target=log, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({record["event"] for record in desk.records()}) == 200


def test_logging_loads_neither_pydantic_nor_textual() -> None:
    program = (
        "import sys, cli.logs\n"
        "heavy = {'pydantic', 'textual', 'ccxt', 'yaml', 'keyring'} & sys.modules.keys()\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_record_that_cannot_be_handled_is_told_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with written(tmp_path) as desk:
        with monkeypatch.context() as patch:
            patch.setattr(cli_logs, "entry_of", broken)
            logging.getLogger(OWN).info("lost")
        logging.getLogger(OWN).info("next")
    first, second = desk.records()
    assert first["event"] == "a record could not be logged: ZeroDivisionError"
    assert second["event"] == "next"
    assert json.dumps(first)
