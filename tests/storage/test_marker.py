import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.halts import GLOBAL, Level, Marker
from domain.storage_ports import HaltMarker
from storage.marker import EvidenceLog, FileMarker
from tests.storage.samples import START_US

MARKER = Marker(
    halt_id="H1",
    level=Level.HALT_CANCEL,
    reason="I pressed it",
    actor="me",
    at_us=START_US,
    scope=GLOBAL,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "HALT"


def test_what_is_written_is_read(path: Path) -> None:
    marker: HaltMarker = FileMarker(path)
    assert marker.standing() == ()
    assert not marker.present()
    marker.write(MARKER)
    assert marker.present()
    assert marker.standing() == (MARKER,)
    marker.write(MARKER)
    assert [item.name for item in path.parent.iterdir()] == ["HALT"]


def test_the_file_is_json_that_a_person_can_read(path: Path) -> None:
    FileMarker(path).write(MARKER)
    assert json.loads(path.read_text()) == {
        "id": "H1",
        "level": "HALT_CANCEL",
        "scope": "GLOBAL",
        "reason": "I pressed it",
        "actor": "me",
        "ts": "2025-01-01T00:00:00.000000Z",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@given(st.sampled_from([level for level in Level if level]))
def test_every_level_comes_back(level: Level) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "HALT"
        path.write_text(json.dumps({"level": level.name, "ts": "2025-01-01T00:00:00.000000Z"}))
        told = FileMarker(path).read()
    assert told is not None
    assert (told.level, told.readable) == (level, True)


def test_it_goes_away_durably_and_going_twice_is_no_error(path: Path) -> None:
    marker = FileMarker(path)
    marker.write(MARKER)
    marker.remove()
    assert not marker.present()
    assert marker.read() is None
    marker.remove()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\0" * 10,
        b"HALT",
        b"null",
        b"[]",
        b"{}",
        b'"HALT_CANCEL"',
        b'{"level": "NORMAL"}',
        b'{"level": 0}',
        b'{"level": "halt_cancel"}',
        b'{"level": ["HALT"]}',
        b'{"level": "HALT"',
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"level": "HALT", "reason": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_what_cannot_be_read_is_a_global_halt_with_cancels(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    marker = FileMarker(path).read()
    assert marker is not None
    assert (marker.level, marker.scope, marker.readable) == (Level.HALT_CANCEL, GLOBAL, False)
    assert marker.reason.startswith("the HALT marker is there, ")
    assert FileMarker(path).present()


def a_directory(path: Path) -> None:
    path.mkdir()


def a_pipe_that_nobody_writes(path: Path) -> None:
    os.mkfifo(path)


def a_link_into_nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "put",
    [a_directory, a_pipe_that_nobody_writes, a_device, a_link_into_nowhere],
)
def test_anything_at_all_under_that_name_halts(path: Path, put: Callable[[Path], None]) -> None:
    put(path)
    marker = FileMarker(path)
    assert marker.present()
    told = marker.read()
    assert told is not None
    assert (told.level, told.readable) == (Level.HALT_CANCEL, False)


def test_a_directory_that_became_a_file_is_no_proof_of_absence(tmp_path: Path) -> None:
    (tmp_path / "book").write_text("")
    assert FileMarker(tmp_path / "book" / "HALT").present()
    told = FileMarker(tmp_path / "book" / "HALT").read()
    assert told is not None
    assert not told.readable


def test_a_marker_made_by_hand_needs_only_a_level(path: Path) -> None:
    path.write_text('{"level": "REDUCE_ONLY"}')
    os.utime(path, ns=(0, START_US * 1000))
    told = FileMarker(path).read()
    assert told == Marker(
        halt_id="",
        level=Level.REDUCE_ONLY,
        reason="no reason given",
        actor="unknown",
        at_us=START_US,
    )


def test_hostile_text_in_a_marker_reaches_nobody(path: Path) -> None:
    path.write_text(json.dumps({"level": "HALT", "reason": "\x1b]52;c;x\x07", "actor": "\u202e"}))
    told = FileMarker(path).read()
    assert told is not None
    assert told.reason == "\\x1b]52;c;x\\x07"
    assert told.actor == "unknown"


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_or_say_that_nothing_is_there(raw: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "HALT"
        path.write_bytes(raw)
        told = FileMarker(path).read()
    assert told is not None
    assert told.level > Level.NORMAL


def test_evidence_is_written_line_by_line_and_read_by_halt(tmp_path: Path) -> None:
    log = EvidenceLog(tmp_path, "H1")
    log.write({"at_us": 1, "step": "marker"})
    log.write({"at_us": 2, "step": "café"})
    EvidenceLog(tmp_path, "H2").write({"at_us": 3})
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert FileMarker(tmp_path / "HALT").evidence() == [
        ("H1", ['{"at_us":1,"step":"marker"}', '{"at_us":2,"step":"café"}']),
        ("H2", ['{"at_us":3}']),
    ]


def test_a_torn_last_line_and_an_unreadable_file_are_told_and_not_hidden(tmp_path: Path) -> None:
    EvidenceLog(tmp_path, "H1").write({"at_us": 1})
    with (tmp_path / "kill-H1.jsonl").open("ab") as file:
        file.write(b'{"at_us":2,"st\xff')
    (tmp_path / "kill-H2.jsonl").mkdir()
    (tmp_path / "kill-.jsonl").write_text("{}")
    (tmp_path / "kill-a b.jsonl").write_text("{}")
    [(one, lines), (two, error)] = FileMarker(tmp_path / "HALT").evidence()
    assert (one, lines) == ("H1", ['{"at_us":1}', '{"at_us":2,"st\ufffd'])
    assert two == "H2"
    assert error[0].startswith("unreadable: ")


@pytest.mark.parametrize("halt_id", ["", "../x", "a/b", "x" * 41, "a b", "é"])
def test_an_id_that_could_leave_the_directory_is_refused(tmp_path: Path, halt_id: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        EvidenceLog(tmp_path, halt_id)


def test_no_evidence_is_an_empty_list(tmp_path: Path) -> None:
    assert FileMarker(tmp_path / "HALT").evidence() == []
