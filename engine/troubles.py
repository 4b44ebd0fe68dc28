"""What went wrong and still does: told in the log once, counted, and told again when it is over.

The one rule: a trouble that lasts for an hour is two lines, not one for each time it was met;
what the numbers in its words are does not make it another trouble.
"""

import logging
import re
from dataclasses import dataclass

_FIGURES = re.compile(r"\d+(\.\d+)?")


@dataclass(slots=True)
class _Trouble:
    kind: str
    why: str
    count: int = 1


class Troubles:
    """The present troubles of one part of the engine, by what they are about."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._present: dict[str, _Trouble] = {}

    def met(self, about: str, why: str, remedy: str = "") -> None:
        """Something failed: the first time of its kind is a line, the others are counted."""
        kind = _FIGURES.sub("#", why)
        known = self._present.get(about)
        if known is not None and known.kind == kind:
            known.count += 1
            known.why = why
            return
        if known is not None:
            self._log.info("%s: no longer: %s%s", about, known.why, _times(known.count))
        self._present[about] = _Trouble(kind, why)
        self._log.warning("%s: %s%s", about, why, f"; {remedy}" if remedy else "")

    def over(self, about: str) -> None:
        """It works again; a line if it did not before."""
        known = self._present.pop(about, None)
        if known is not None:
            self._log.info("%s: well again, after: %s%s", about, known.why, _times(known.count))


def _times(count: int) -> str:
    return f" ({count:,} times)" if count > 1 else ""
