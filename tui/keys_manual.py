"""docs/keys.md, made from the table of keys.

The one rule: nothing about a key is written here; `tui.keys` says it all.
"""

from tui.keys import Key, sections


def markdown() -> str:
    """docs/keys.md."""
    parts = [
        "# Keys\n",
        (
            "Made from `tui/keys.py`; a test keeps the two equal. All keys can be changed in the "
            "configuration by their id.\n"
        ),
    ]
    for name, rows in sections():
        parts.append(f"## {name}\n")
        parts.append("| key | does | id | code |\n|---|---|---|---|")
        parts.extend(_row(key) for key in rows)
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _row(key: Key) -> str:
    keys = " ".join(f"`{one}`" for one in key.all_shown.split())
    help_text = f"**{key.help}**" if key.dangerous else key.help
    code = f"`:{key.code}`" if key.code else ""
    return f"| {keys} | {help_text} | {key.id} | {code} |"
