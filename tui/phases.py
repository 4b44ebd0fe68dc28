"""The console before its engine is ready: what is known by then, and what is not.

The one rule: until the ledger has been read nothing is zero, nothing is "none" and nobody is
READY; it is not known, and is told so.
"""

from domain.board import Board, Phase

_STEPS = {
    Phase.INIT: "the engine is starting",
    Phase.LEDGER_VERIFY: "the end of the ledger is checked",
    Phase.LOAD: "the ledger is read",
    Phase.CONNECT: "the venues are dialled",
    Phase.RECONCILE: "orders and balances are compared with the venues",
}
_BEFORE_THE_LEDGER = (Phase.INIT, Phase.LEDGER_VERIFY, Phase.LOAD)
NOT_READ = "not read yet"


def starting(board: Board) -> bool:
    """Whether the engine has not reached READY yet."""
    return board.phase in _STEPS


def unread(board: Board) -> bool:
    """Whether the ledger has not been read: orders, halts, limits and fills are not known."""
    return board.phase in _BEFORE_THE_LEDGER


def step(board: Board) -> str:
    """What the engine does on its way to READY; empty once it is there."""
    told = _STEPS.get(board.phase)
    return f"STARTING · {board.phase.value}: {told}" if told else ""


def desk_is_empty(board: Board) -> bool:
    """Whether the engine is ready and no account is configured: the time for onboarding."""
    return board.phase in (Phase.READY, Phase.ARMED) and not board.accounts
