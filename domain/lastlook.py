"""The last look: whatever waits for its turn at a venue is asked again, just before it leaves.

An order is looked at once behind the desk's door. After that an adapter may keep it: until the
venue's pace lets it go, or until a request of the same key has come back. The one rule: what
may open or enlarge a position asks `held_back` when its turn has come, and nothing is awaited
between that and the request.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

Look = Callable[[], str]
_LOOK: ContextVar[Look | None] = ContextVar("why this order must not leave any more", default=None)


@contextmanager
def last_look(look: Look) -> Generator[None]:
    """Within the block `look` says why the order must not leave now; "" while it may."""
    mark = _LOOK.set(look)
    try:
        yield
    finally:
        _LOOK.reset(mark)


def held_back() -> str:
    """Why the order that this task is sending must not leave; "" when it may, or nobody looks."""
    look = _LOOK.get()
    return "" if look is None else look()
