"""Who the desk takes this console's operator for, and so what is worth offering on a screen.

The one rule: this hides what would be refused, and allows nothing: the engine checks every ask.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.stage import Stage

if TYPE_CHECKING:  # the asks know every fact: 30 ms that no screen needs
    from domain.asks import Identity
    from tui.outcomes import Failure

TRADER, ADMIN = "trader", "admin"


class Caller:
    """The operator's roles, once the desk has told them; `problem` is why it did not."""

    def __init__(self) -> None:
        self.roles: tuple[str, ...] = ()
        self.known = False
        self.problem = ""

    def ask(self, stage: Stage, changed: Callable[[], None]) -> None:
        """Ask who this is; `changed` is called when it is known, or known that nobody tells."""
        from domain.asks import WhoAmI  # noqa: PLC0415  as above

        def told(answer: "Identity") -> None:
            self.roles, self.known, self.problem = answer.roles, True, ""
            changed()

        def failed(failure: "Failure") -> None:
            self.problem = failure.text
            changed()

        stage.send(WhoAmI(), told, failed=failed)

    def may(self, role: str) -> bool:
        """Whether the desk has said that the operator has this role."""
        return role in self.roles
