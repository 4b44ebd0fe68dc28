"""Commands in this process, typed on a demo desk of the test's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command on the book in `tmp_path/data`: (exit status, everything that it said).

    Of a command that went well with `--json`: what it printed on stdout, as a program sees it.
    """
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def command(*words: str, json_: bool = False) -> tuple[int, str]:
        arguments = [*words, "--demo", "--data-dir", str(tmp_path / "data"), "--seed", "3"]
        try:
            status = main([*arguments, *(["--json"] if json_ else [])])
        except SystemExit as left:
            status = int(left.code or 0)
        told = capsys.readouterr()
        return status, told.out if json_ and not status else told.out + told.err

    return command


def parsed(answer: tuple[int, str]) -> Any:
    """The JSON document that a command which went well has printed."""
    assert answer[0] == 0, answer[1]
    return json.loads(answer[1])
