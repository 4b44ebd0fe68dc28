"""The fixtures of commands: pytest finds them by their names."""

from tests.cli.typed import run

__all__ = ["run"]
