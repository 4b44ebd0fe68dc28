"""A configuration written into a folder and loaded, or refused."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from config.layers import Override
from config.load import Loaded, load
from domain.board import Mode
from domain.errors import Misconfigured

LIVE = """\
mode: live
exchanges: {kraken: }
risk: {max_order_value: 500, max_daily_volume: 5000, max_position_size: 2000}
"""


def loaded(
    folder: Path,
    text: str,
    environ: Mapping[str, str] | None = None,
    flags: Sequence[Override] = (),
    asked: Mode | None = None,
) -> Loaded:
    path = folder / "c.yaml"
    path.write_text(text)
    return load(path, environ=environ or {}, flags=flags, asked=asked)


def refused(
    folder: Path,
    text: str,
    environ: Mapping[str, str] | None = None,
    flags: Sequence[Override] = (),
    asked: Mode | None = None,
) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        loaded(folder, text, environ, flags, asked)
    assert raised.value.exit_status == 78
    shown = str(raised.value).replace(f"{folder}/", "")
    lines = shown.splitlines()
    return [line.strip() for line in lines[1:]] if len(lines) > 1 else lines
