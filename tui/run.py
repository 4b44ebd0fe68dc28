"""What the wiring calls to run the console in this terminal.

The one rule: nothing of Textual is imported before the terminal's own facts (SSH) are known,
because Textual reads its settings from the environment when it is imported.
"""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.options import Options

if TYPE_CHECKING:  # the ports know every fact: 30 ms that no screen needs
    from domain.ports import Desk

CRASHED = "crash"
_POLLS_OVER_SSH = 4
_OVER_SSH = {"TEXTUAL_FPS": "15", "TEXTUAL_ANIMATIONS": "none"}
# Where these are exported, Python believes them and no resize of the terminal is ever seen.
_FIXED_SIZE = ("COLUMNS", "LINES")


def run_console(desk: "Desk", *, operator: str, options: Options) -> str:
    """Run the console until it ends, and say why.

    `quit`; `demo`, `paper` or `keys` when onboarding chose so; `hangup`, `terminated` or
    `interrupted` for a signal; `engine` when our own
    engine has ended; `crash` after a fault, which has been printed without locals.
    """
    for name in _FIXED_SIZE:
        os.environ.pop(name, None)
    if os.environ.get("SSH_TTY"):
        for name, value in _OVER_SSH.items():
            os.environ.setdefault(name, value)
        polls = min(options.polls_per_second, _POLLS_OVER_SSH)
        options = replace(options, polls_per_second=polls)
    from tui.app import Console  # noqa: PLC0415  after the environment is set

    console = Console(desk, operator=operator, options=options)
    reason = console.run(mouse=options.mouse)
    return CRASHED if console.return_code else reason or "quit"
