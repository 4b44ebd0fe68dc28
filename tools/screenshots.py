"""Draws the pictures that the documents use into docs/screens/, as PNG; it needs Chromium.

The one rule: the pictures are drawn by the console itself over the boards of its tests, so
they can be made anywhere and never show a state that does not exist.
"""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.board import Board
from tests.console import boards, views
from tests.console.fakes import FakeClock, answering, options
from tui.app import Console

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screens"
SIZES = ((120, 40),)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PAUSE_S = 0.12


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the board, and the keys that lead to it."""

    name: str
    board: Callable[[], Board]
    keys: Sequence[str] = ()
    sizes: Sequence[tuple[int, int]] = SIZES


_TICKET = ("n", "tab", "right", "tab", *"BTC/USDT", "tab", *"0.05", "tab", *"62000")
SHOTS = (
    Shot("1-dashboard", boards.busy, sizes=((120, 40), (80, 24))),
    Shot("2-ticket", boards.busy, ("2", *_TICKET)),
    Shot("2-review-live", lambda: boards.live(armed=True), ("2", *_TICKET, "ctrl+r")),
    Shot("2-order-detail", boards.busy, ("2", "down", "enter")),
    Shot("4-risk", boards.busy, ("4",)),
    Shot("4-risk-killing", boards.halting, ("4",)),
    Shot("7-pnl", boards.busy, ("7",)),
    Shot("7-explain", boards.busy, ("7", "down", "u")),
    Shot("8-tax-lots", boards.busy, ("8",)),
    Shot("comma-health", boards.audited, ("comma",)),
    Shot("onboarding", boards.empty),
)


async def drawn(shot: Shot, size: tuple[int, int]) -> str:
    """The picture as SVG, without fonts from the network."""
    console = Console(
        answering(shot.board()), operator=views.OPERATOR, options=options(FakeClock())
    )
    async with console.run_test(size=size, notifications=True) as pilot:
        await pilot.pause(2 * PAUSE_S)
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause(PAUSE_S if len(key) > 1 else 0)
        await pilot.pause(4 * PAUSE_S)
        svg = console.export_screenshot(title=f"Quarterdeck · {shot.name}")
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    return svg.replace("Fira Code", "DejaVu Sans Mono")


def to_png(picture: str, png: Path, browser: str) -> None:
    """Have the browser draw the picture into a PNG of its size."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)
    assert size is not None, "Textual's pictures tell their size"
    width, height = (int(number.partition(".")[0]) for number in size.groups())
    with TemporaryDirectory() as folder:
        svg = Path(folder) / "picture.svg"
        svg.write_text(picture, encoding="utf-8")
        subprocess.run(
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-background-networking", "--no-first-run",
             f"--window-size={width},{height}", f"--screenshot={png}", svg.as_uri()],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip


def main(wanted: Sequence[str]) -> int:
    """Draw the shots whose names begin with one of `wanted`; all without any."""
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        print(f"no browser to draw with: one of {', '.join(CHROMIUM)} is needed", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        if wanted and not shot.name.startswith(tuple(wanted)):
            continue
        for width, height in shot.sizes:
            png = FOLDER / f"{shot.name}-{width}x{height}.png"
            to_png(asyncio.run(drawn(shot, (width, height))), png, browser)
            print(png.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
