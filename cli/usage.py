"""A command that cannot be meant: exit status 64, with a word on what to write instead."""

from domain.errors import DeskError

USAGE_ERROR = 64


class WrongUsage(DeskError):
    """What was typed does not fit; `hint` says what would."""

    exit_status = USAGE_ERROR

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint
