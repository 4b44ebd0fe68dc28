"""The addresses of a name, as the system's resolver tells them.

The one rule: a resolver that hangs holds nobody up. It has a thread of its own, one at a time:
in the loop's pool it would sit where the kill switch writes its marker, and an exit would wait.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

Found = Sequence[str] | OSError | UnicodeError


class Lookup:
    """Asks the system. A question while the one before still hangs is late at once."""

    def __init__(self) -> None:
        self._asking: threading.Thread | None = None
        self._told = threading.Event()  # a thread that has answered may live on for a moment
        self._told.set()

    async def __call__(self, name: str, port: int) -> Sequence[str]:
        """Every address of a name, each once; whoever asks brings the time limit.

        Raises:
            OSError, UnicodeError: the name is not known, or is none (TimeoutError: as above).
        """
        if not self._told.is_set():
            raise TimeoutError("the question before this one still waits")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found] = loop.create_future()

        def ask() -> None:
            found = _found(name, port)
            self._told.set()
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, answer, found)

        self._told.clear()
        self._asking = threading.Thread(target=ask, name="webhook name", daemon=True)
        self._asking.start()
        found = await answer
        if isinstance(found, Exception):
            raise found
        return found


def _found(name: str, port: int) -> Found:
    try:
        rows = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        return error
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _settle(answer: "asyncio.Future[Found]", found: Found) -> None:
    if not answer.done():
        answer.set_result(found)
