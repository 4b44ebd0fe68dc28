"""The manual of all asks, made from the asks themselves.

The one rule: an ask is described once, in its docstring. `python -m domain.manual >
docs/asks.md`.
"""

import sys
from dataclasses import MISSING, Field, fields
from typing import Any

from domain import (
    asks,
    asks_adjusting,
    asks_approvals,
    asks_withdrawals,
    drills,
    figures,
    performance,
    queries,
    rekeying,
    triggers,
    versions,
)
from domain.registry import answer_of, asks_by_name

INTRODUCTION = """\
# Asks

Generated from `domain/{asks,asks_*,triggers,drills,queries,figures,versions,performance}.py`
by `python -m domain.manual`; a test compares.

Everything that a person, a command, a timer or a strategy can ask the desk is one of these
frozen values. `await desk.ask(SubmitOrder(...))` means the same in the engine's own process and
over the Unix socket, where an ask travels as one JSON line under its name. Who asks is told by
the connection, never by the ask; a role that is missing is `Refused`. A trip needs no role.
Answers and errors (`domain/errors.py`) come back as values of the same kinds. What stands in
brackets may be left out.
"""
SECTIONS = {
    "Commands": asks,
    "Triggers": triggers,
    "Drills": drills,
    "Keys": rekeying,
    "Withdrawals": asks_withdrawals,
    "Approval links": asks_approvals,
    "Adjustments": asks_adjusting,
    "Pages": queries,
    "Figures": figures,
    "Versions": versions,
    "Performance": performance,
}
HEAD = "| Ask | With | Answer | What it does |\n|---|---|---|---|\n"


def asks_manual() -> str:
    """`docs/asks.md`: one row an ask, commands and questions apart."""
    rows = {ask: _row(ask) for ask in asks_by_name().values()}
    sections = (
        f"## {title}\n\n{HEAD}"
        + "".join(row for ask, row in rows.items() if ask.__module__ == module.__name__)
        for title, module in SECTIONS.items()
    )
    return "\n".join((INTRODUCTION, *sections))


def _row(ask: type[asks.Ask[object]]) -> str:
    given = ", ".join(_field(field) for field in fields(ask))
    says = " ".join((ask.__doc__ or "").split()).replace("|", "\\|")
    return f"| `{ask.__name__}` | {given} | `{answer_of(ask).__name__}` | {says} |\n"


def _field(field: Field[Any]) -> str:
    optional = field.default is not MISSING or field.default_factory is not MISSING
    return f"[`{field.name}`]" if optional else f"`{field.name}`"


if __name__ == "__main__":
    sys.stdout.write(asks_manual())
