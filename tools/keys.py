"""Writes docs/keys.md from the table of keys."""

from pathlib import Path

from tui.keys_manual import markdown


def main() -> None:
    """Write it."""
    path = Path(__file__).resolve().parent.parent / "docs" / "keys.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
