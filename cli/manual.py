"""The manual of all commands, made from the parser that reads them.

The one rule: a command is described once, where it is defined. `python -m cli.manual >
docs/commands.md`.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator

from cli.arguments import EVERYWHERE
from cli.parser import DESCRIPTION, EPILOG, build

INTRODUCTION = f"""\
# Commands

Generated from `cli/parser.py` by `python -m cli.manual`; a test compares.

{DESCRIPTION}

A command attaches to the engine of its book where one runs; else it runs one of its own for as
long as it takes. Money and quantities in `--json` are text. With `--json` an error is one JSON
document too, on standard output, and its sentence on standard error; a command line that cannot
be understood is answered on standard error alone, with status 64.
"""


def commands_manual() -> str:
    """`docs/commands.md`: the program, then each command with what it takes."""
    parser = build()
    examples, _, statuses = EPILOG.partition("\n\n")
    told = examples.partition("\n")[2]
    parts = [
        INTRODUCTION,
        f"## Examples\n\n```text\n{told}\n```\n\n{statuses[0].upper()}{statuses[1:]}\n",
        f"## quarterdeck\n\n{_table(_own(parser))}",
        f"## Every command\n\nBefore or after the command:\n\n{_table(_common(parser))}",
        *_sections(parser),
    ]
    return "\n".join(parts)


def _sections(parser: argparse.ArgumentParser) -> Iterator[str]:
    for name, command in _commands(parser):
        table = _table(_own(command))
        shown = f"\n\n{table}" if table else "\n"
        yield f"## {name.removeprefix('quarterdeck ')}\n\n{command.description}{shown}"
        yield from _sections(command)


def _commands(
    parser: argparse.ArgumentParser,
) -> Iterable[tuple[str, argparse.ArgumentParser]]:
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - it has no public name
            yield from ((command.prog, command) for command in action.choices.values())


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 - argparse has no other way to list them


def _own(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in _actions(parser) if action.dest not in (*EVERYWHERE, "help")]


def _common(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in _actions(parser) if action.dest in EVERYWHERE]


def _table(actions: list[argparse.Action]) -> str:
    rows = list(filter(None, map(_row, actions)))
    return "".join(("| Argument | Meaning |\n|---|---|\n", *rows)) if rows else ""


def _row(action: argparse.Action) -> str:
    if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
        return ""
    told = action.metavar if isinstance(action.metavar, str) else ""
    if action.choices:
        told = "\\|".join(map(str, action.choices))
    elif not told and action.nargs != 0:
        told = action.dest.upper()
    names = ", ".join(action.option_strings)
    return f"| `{' '.join(part for part in (names, told) if part)}` | {action.help} |\n"


if __name__ == "__main__":
    sys.stdout.write(commands_manual())
