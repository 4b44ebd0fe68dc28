"""The last look: whatever waits for its turn at a venue is asked again, just before it leaves.

An order or a withdrawal is looked at once behind the desk's door. After that an adapter may
keep it: until its key is loaded, the venue's pace lets it go, or a request of the same key has
come back. The one rule: what may enlarge a position or send money away asks `held_back` when
its turn has come, and nothing is awaited between that and the request.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

Look = Callable[[], str]
_LOOK: ContextVar[Look | None] = ContextVar("why this must not leave any more", default=None)


@contextmanager
def last_look(look: Look) -> Generator[None]:
    """Within the block `look` says why this must not leave now; "" while it may."""
    mark = _LOOK.set(look)
    try:
        yield
    finally:
        _LOOK.reset(mark)


def held_back() -> str:
    """Why what this task is sending must not leave; "" when it may, or nobody looks."""
    look = _LOOK.get()
    return "" if look is None else look()
