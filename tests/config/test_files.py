"""Where the configuration is looked for, and which files LIVE does not trust."""

import os
from pathlib import Path

import pytest

from config.files import FILE_NAME, find_file, packaged_file
from config.load import load
from domain.board import Mode
from domain.errors import Misconfigured
from tests.config.tries import LIVE, loaded


def test_live_reads_no_file_that_others_can_change(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LIVE)
    path.chmod(0o666)
    with pytest.raises(Misconfigured, match="changed by everybody"):
        load(path, environ={}, asked=Mode.LIVE)
    assert load(path, environ={}, asked=Mode.DEMO).mode is Mode.DEMO
    path.chmod(0o644)
    tmp_path.chmod(0o777)
    with pytest.raises(Misconfigured, match="a folder that everybody can change"):
        load(path, environ={}, asked=Mode.LIVE)
    tmp_path.chmod(0o1777)
    assert load(path, environ={}, asked=Mode.LIVE).mode is Mode.LIVE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_live_reads_no_file_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LIVE)
    os.chown(path, 12_345, -1)
    with pytest.raises(Misconfigured, match="belongs to user id 12345"):
        load(path, environ={}, asked=Mode.LIVE)


def test_a_file_that_cannot_be_read_is_named_with_a_remedy(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "ordinary file")):
        with pytest.raises(Misconfigured, match=words) as raised:
            load(path, environ={})
        assert raised.value.where == str(path)


def test_a_pipe_does_not_hold_up_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Misconfigured, match="ordinary file"):
        load(tmp_path / "pipe", environ={})


def test_a_file_in_the_home_folder_is_shown_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Misconfigured, match=r"~/c\.yaml line 1, mode"):
        loaded(tmp_path, "mode: x")


def test_the_file_is_searched_for_here_then_at_home_then_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    for folder in (here / "config", home / "quarterdeck"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    assert find_file(None) == packaged_file()
    own = home / "quarterdeck" / FILE_NAME
    own.write_text("demo: {seed: 2}")
    assert find_file(None) == own
    (here / "config" / FILE_NAME).write_text("demo: {seed: 1}")
    assert load(environ={}).settings.demo.seed == 1
    assert load(own, environ={}).settings.demo.seed == 2


def test_in_a_checkout_the_shipped_file_does_not_hide_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(packaged_file().parent.parent)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert find_file(None) == packaged_file()
    own = tmp_path / "quarterdeck" / FILE_NAME
    own.parent.mkdir()
    own.write_text("")
    assert find_file(None) == own
