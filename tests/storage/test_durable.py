import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.durable import read_small, remove_durably, replace_durably


def test_a_file_is_replaced_whole_and_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    replace_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_content_and_name_are_synced_in_that_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        kind = "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        order.append(f"sync {kind}")
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        order.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    replace_durably(tmp_path / "file", b"x")
    remove_durably(tmp_path / "file")
    assert order == ["sync file", "rename", "sync directory", "sync directory"]


def test_a_disk_that_refuses_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def refuses(_: int) -> None:
        raise OSError("planted")

    monkeypatch.setattr(os, "fsync", refuses)
    with pytest.raises(OSError, match="planted"):
        replace_durably(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_at_most_so_much_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    assert read_small(tmp_path / "file", most=10) == b"x" * 10
    assert read_small(tmp_path / "nothing", most=10) is None
    with pytest.raises(OSError, match=r"regular|irectory"):
        read_small(tmp_path, most=10)


def test_two_threads_that_put_a_file_there_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "head"
    whole = {bytes([65 + number]) * (40 + 400 * number) for number in range(8)}

    def put(content: bytes) -> bytes:
        replace_durably(path, content)
        return path.read_bytes()

    with ThreadPoolExecutor(len(whole)) as threads:
        for _ in range(20):
            assert set(threads.map(put, whole)) <= whole, "a mixture of two was read"
    assert [found.name for found in tmp_path.iterdir()] == ["head"]
