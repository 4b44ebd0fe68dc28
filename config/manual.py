"""The manual of all settings, made from the models and the comments of the shipped file.

The one rule: a setting's meaning is written once, above it in `trading_config.yaml`; its kind,
default and variable come from the models. `python -m config.manual > docs/settings.md`.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

from config.document import Document, read_document
from config.files import packaged_file
from config.mistakes import KeyPath
from config.outline import NAMED, Node, outline, settings_listed, variable
from domain.money import canonical

_SWITCHED_OFF = re.compile(r"^(\s*)#(\S)", re.MULTILINE)
_PLACEHOLDERS = {
    "exchanges": "<venue>",
    "accounts": "<account>",
    "max_position_size": "<asset>",
    "weights": "<asset>",
    "by_scope": "<scope>",
    "keymap": "<binding>",
}

INTRODUCTION = """\
# Settings

Generated from `config/trading_config.yaml` and the models by `python -m config.manual`; a test
compares. Defaults < file < environment < flags. The file is the one of `--config`, else
`config/trading_config.yaml` here, else `trading_config.yaml` in the user's configuration
folder (`~/.config/quarterdeck`), else the shipped one. Every mistake is reported at once, with
its line and what to write, and nothing starts (exit status 78).

Lists are given to a variable with commas. Secrets are references: `keyring:SERVICE/NAME`,
`file:PATH#ENTRY`, `env:NAME`.
"""


def shipped_text() -> str:
    """The shipped configuration as it stands."""
    return packaged_file().read_text(encoding="utf-8")


def complete_text() -> str:
    """The shipped configuration with every switched-off setting (`#key: value`) switched on."""
    return _SWITCHED_OFF.sub(r"\1\2", shipped_text())


def settings_manual() -> str:
    """`docs/settings.md`: a table of key, kind, default, meaning and variable for each block."""
    meanings = meanings_told()
    listed = sorted(settings_listed(), key=lambda told: len(told[0]) > 1)
    sections = [INTRODUCTION]
    for block, settings in groupby(listed, key=lambda told: told[0][0] if told[0][1:] else ""):
        title = f"## {block or 'General'}"
        about = meanings.get((block,), "What the desk is, and what holds for all of it.")
        rows = "\n".join(_row(path, node, meanings) for path, node in settings)
        sections.append(f"{title}\n\n{about}\n\n{_HEAD}\n{rows}\n")
    return "\n".join(sections)


def meanings_told() -> Mapping[KeyPath, str]:
    """The comment above each setting and block of the shipped file; picked names are `NAMED`."""
    text = complete_text()
    document = read_document(text.encode(), "trading_config.yaml")
    lines = text.splitlines()
    return {
        path: meaning
        for path, line in lines_told(document).items()
        if (meaning := " ".join(_comment_above(lines, line)))
    }


def lines_told(document: Document) -> Mapping[KeyPath, int]:
    """The line where each setting stands first; picked names are `NAMED`."""
    found: dict[KeyPath, int] = {}
    for path, line in document.lines.items():
        found.setdefault(tuple(_generic_parts(path)), line)
    return found


def _generic_parts(path: KeyPath) -> Iterator[str]:
    node: Node | None = outline()
    for part in path:
        named = node is not None and part not in node.fields and node.named is not None
        node = node.child(part) if node else None
        yield NAMED if named else part


def _comment_above(lines: list[str], line: int) -> list[str]:
    comment: list[str] = []
    for text in reversed(lines[: line - 1]):
        stripped = text.strip()
        if not stripped.startswith("#"):
            break
        comment.insert(0, stripped.removeprefix("#").strip())
    return comment


# One row

_HEAD = "| Setting | Kind | Default | Meaning | Variable |\n|---|---|---|---|---|"


def _row(path: KeyPath, node: Node, meanings: Mapping[KeyPath, str]) -> str:
    shown = _shown(path)
    # What stands under names of the user's own is explained above the block of them.
    meaning = meanings.get(path) or meanings.get(path[:-1], "")
    cells = (f"`{'.'.join(shown)}`", node.says, _default(node), meaning, f"`{variable(shown)}`")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _shown(path: KeyPath) -> KeyPath:
    around = ("", *path[:-1])
    return tuple(
        _PLACEHOLDERS.get(block, NAMED) if part == NAMED else part
        for block, part in zip(around, path, strict=True)
    )


def _default(node: Node) -> str:
    value: Any = node.default
    if value is None:
        return node.says.rpartition(", or ")[2] if ", or " in node.says else "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return canonical(value) if isinstance(value, Decimal) else str(value)


if __name__ == "__main__":
    sys.stdout.write(settings_manual())
