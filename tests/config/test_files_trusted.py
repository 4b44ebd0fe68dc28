"""Whose settings the live book runs by, whether it trades or only watches: nobody else's."""

import os
from pathlib import Path

import pytest

from config.load import load
from domain.board import Mode
from domain.errors import Misconfigured
from tests.config.tries import LIVE

BOTH = pytest.mark.parametrize("mode", [Mode.LIVE, Mode.OBSERVE])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own" / "c.yaml"
    path.parent.mkdir(mode=0o755)
    path.write_text(LIVE)
    path.chmod(0o644)
    return path


@BOTH
def test_the_live_book_trusts_a_file_of_our_own(file: Path, mode: Mode) -> None:
    assert load(file, environ={}, asked=mode).mode is mode


@BOTH
@pytest.mark.parametrize("bits", [0o664, 0o646])
def test_the_live_book_reads_no_file_that_a_group_or_all_can_change(
    file: Path, mode: Mode, bits: int
) -> None:
    file.chmod(bits)
    with pytest.raises(Misconfigured, match="chmod"):
        load(file, environ={}, asked=mode)
    assert load(file, environ={}, asked=Mode.DEMO).mode is Mode.DEMO


@BOTH
@pytest.mark.parametrize("bits", [0o775, 0o757])
def test_the_live_book_reads_no_file_in_a_folder_that_others_can_change(
    file: Path, mode: Mode, bits: int
) -> None:
    file.parent.chmod(bits)
    with pytest.raises(Misconfigured, match="the folder"):
        load(file, environ={}, asked=mode)


@BOTH
@pytest.mark.skipif(os.geteuid() != 0, reason="beside the project: only root can give it away")
def test_the_live_book_reads_nothing_of_somebody_else(file: Path, mode: Mode) -> None:
    os.chown(file, 12_345, -1)
    with pytest.raises(Misconfigured, match="belongs to user id 12345"):
        load(file, environ={}, asked=mode)
    os.chown(file, 0, -1)
    os.chown(file.parent, 12_345, -1)
    with pytest.raises(Misconfigured, match="a folder of user id 12345"):
        load(file, environ={}, asked=mode)
