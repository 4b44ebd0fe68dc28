"""What a crash of the console prints after the terminal is restored.

The one rule: no locals, no message of a foreign exception, no terminal codes. A name, the
places in the code, and what to do; the log has the rest, redacted.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from domain.errors import DeskError
from domain.text import clean

_MOST_FRAMES = 12


def crash_report(error: BaseException, *, attached: bool) -> Text:
    """The lines for the terminal."""
    cause = innermost(error)
    lines = [
        f"Quarterdeck's console stopped because of a fault in it: {_named(cause)}",
        *(f"  {place}" for place in _places(cause)),
        "The engine runs on; attach again with `quarterdeck`."
        if attached
        else "Orders at the venues stay as they are; start `quarterdeck` again to see them.",
        'To stop all trading now: quarterdeck --kill "console crashed"',
    ]
    return Text("\n".join(lines))


def innermost(error: BaseException) -> BaseException:
    """The fault itself, out of the wrapper in which a worker's error travels."""
    inner = getattr(error, "error", None)
    return inner if isinstance(inner, BaseException) else error


def _named(error: BaseException) -> str:
    name = type(error).__name__
    return f"{name}: {clean(str(error))}" if isinstance(error, DeskError) else name


def _places(error: BaseException) -> Iterator[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    for frame in frames:
        where = "/".join(Path(frame.filename).parts[-3:])
        yield f"{where}:{frame.lineno} in {frame.name}"
