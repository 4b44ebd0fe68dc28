"""The files: one a day, private, cleaned, and a full disk costs lines and nothing else."""

import errno
import logging
import os
from pathlib import Path

import pytest

from cli.log_file import DailyFile
from tests.cli.log_desks import DAY_US, NOW_US, written

OWN = "engine.desk"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_utc_day_has_its_file_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "demo" / "logs"
    with written(folder) as desk:
        logging.getLogger(OWN).info("today")
        desk.clock.wait(86_400)
        logging.getLogger(OWN).info("tomorrow")
    assert names(folder) == ["quarterdeck-2025-10-09.jsonl", "quarterdeck-2025-10-10.jsonl"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert "tomorrow" in (folder / "quarterdeck-2025-10-10.jsonl").read_text()


def test_files_older_than_their_days_go_and_nothing_else_does(tmp_path: Path) -> None:
    kept = ["quarterdeck-2025-09-10.jsonl", "quarterdeck-2025-10-08.jsonl", "notes.txt"]
    kept += ["quarterdeck-2025-99-99.jsonl", "quarterdeck-2020-01-01.jsonl.gz", "x.jsonl"]
    gone = ["quarterdeck-2025-09-09.jsonl", "quarterdeck-2020-01-01.jsonl"]
    for name in (*kept, *gone):
        (tmp_path / name).write_text("old")
    (tmp_path / "quarterdeck-2020-01-02.jsonl").mkdir()
    file = DailyFile(tmp_path, keep_days=30)
    file.write("today", NOW_US)
    assert not set(gone) & set(names(tmp_path))
    assert set(kept) <= set(names(tmp_path))
    file.write("a month later", NOW_US + 29 * DAY_US)
    assert "quarterdeck-2025-10-08.jsonl" not in names(tmp_path)
    assert "quarterdeck-2025-10-09.jsonl" in names(tmp_path)
    file.close()
    file.close()


def test_a_restart_on_the_same_day_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for text in ("first", "second"):
        file = DailyFile(tmp_path, keep_days=30)
        file.write(text, NOW_US)
        file.close()
    (path,) = tmp_path.iterdir()
    assert path.read_text() == "first\nsecond\n"


def test_two_processes_write_whole_lines_into_one_file(tmp_path: Path) -> None:
    one, other = (DailyFile(tmp_path, keep_days=30) for _ in range(2))
    for number in range(50):
        one.write(f"one {number}", NOW_US)
        other.write(f"other {number}", NOW_US)
    (path,) = tmp_path.iterdir()
    lines = path.read_text().splitlines()
    assert lines == [f"{name} {number}" for number in range(50) for name in ("one", "other")]
    one.close()
    other.close()


def test_a_full_disk_costs_lines_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with written(tmp_path) as desk:
        logging.getLogger(OWN).info("before")
        with monkeypatch.context() as patch:
            patch.setattr("os.write", full)
            logging.getLogger(OWN).info("during")
            assert desk.logs.problem == "No space left on device"
        assert [line.text for line in desk.lines()] == ["before", "during"]
        logging.getLogger(OWN).info("after")
        assert desk.logs.problem == ""
    assert [record["event"] for record in desk.records()] == ["before", "after"]


def test_a_torn_line_does_not_swallow_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    file = DailyFile(tmp_path, keep_days=30)
    with monkeypatch.context() as patch:
        patch.setattr("os.write", lambda handle, raw: real(handle, raw[:5]))
        file.write('{"event": "torn"}', NOW_US)
    assert file.lost == 1
    file.write('{"event": "whole"}', NOW_US)
    file.close()
    (path,) = tmp_path.iterdir()
    assert path.read_text().splitlines() == ['{"eve', '{"event": "whole"}']


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "quarterdeck-2025-10-09.jsonl").symlink_to(target)
    file = DailyFile(folder, keep_days=30)
    file.write("line", NOW_US)
    assert file.lost == 1
    assert target.read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with written(tmp_path / "file" / "logs") as desk:
        logging.getLogger(OWN).info("kept in memory")
        assert desk.logs.problem == "Not a directory"
        assert desk.lines()[0].text == "kept in memory"
