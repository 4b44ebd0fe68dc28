import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from domain.errors import Misconfigured
from storage.places import LONGEST_SOCKET_PATH, Places


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory as a login session has it; short, as sockets need it."""
    folder = Path(mkdtemp(prefix="qd-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_book_has_its_own_files(tmp_path: Path) -> None:
    places = Places(tmp_path, "paper")
    assert places.directory == tmp_path / "paper"
    names = [places.ledger, places.head, places.halt, places.lock, places.reports, places.logs]
    assert [path.name for path in names] == [
        "ledger.db",
        "head",
        "HALT",
        "lock",
        "reports",
        "logs",
    ]
    assert {path.parent for path in names} == {tmp_path / "paper"}


def test_an_unknown_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="demo, paper, live"):
        Places(tmp_path, "../live")


def test_only_we_can_enter_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        places = Places(tmp_path / "new" / "data", "demo")
        places.prepare()
    finally:
        os.umask(before)
    for folder in (places.data_dir, places.directory, places.reports, places.logs):
        assert mode(folder) == 0o700
    places.directory.chmod(0o755)
    places.prepare()
    assert mode(places.directory) == 0o700


def test_a_link_in_place_of_a_book_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "demo").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="belongs to somebody else or is a link"):
        Places(tmp_path, "demo").prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    os.chown(tmp_path / "demo", 65534, 65534)
    with pytest.raises(Misconfigured, match="belongs to somebody else"):
        Places(tmp_path, "demo").prepare()


def test_a_data_directory_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="choose another --data-dir"):
        Places(tmp_path / "file", "demo").prepare()


def test_the_socket_is_named_by_data_directory_and_book(tmp_path: Path, runtime: Path) -> None:
    socket = Places(tmp_path, "demo").socket()
    assert socket.parent == runtime / "quarterdeck"
    assert mode(socket.parent) == 0o700
    assert len(socket.name) == len("12345678.sock")
    assert socket == Places(tmp_path / "x" / "..", "demo").socket()
    others = {Places(tmp_path, "live").socket(), Places(tmp_path / "x", "demo").socket()}
    assert len({socket, *others}) == 3


def test_without_a_runtime_directory_it_lies_in_a_private_temporary_one(
    tmp_path: Path, runtime: Path
) -> None:
    (runtime / "quarterdeck").symlink_to("/")
    socket = Places(tmp_path, "demo").socket()
    assert socket.parent == runtime / f"quarterdeck-{os.geteuid()}"
    assert mode(socket.parent) == 0o700


def test_a_path_too_long_for_a_socket_is_avoided_or_refused(
    tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = runtime / ("d" * LONGEST_SOCKET_PATH)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    socket = Places(tmp_path, "demo").socket()
    assert socket.parent == runtime / f"quarterdeck-{os.geteuid()}"
    assert len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with pytest.raises(Misconfigured, match="set XDG_RUNTIME_DIR or TMPDIR to a short path"):
        Places(tmp_path, "demo").socket()
