"""A venue's own error out of the body of an answer: read in one way, judged by each row.

The one rule: an error reads "<code> <words>", and what is no JSON object says nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

IsError = Callable[[Any, str], bool]  # the code as it stands there, and the words ("": none)


def parsed(body: str) -> Any:
    """The JSON value of a body; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def object_in(body: str) -> Mapping[str, Any]:
    """The JSON object of a body; an empty one when it is none."""
    found = parsed(body)
    return found if isinstance(found, dict) else {}


def coded(
    body: str, is_error: IsError, *, code: str = "code", words: Sequence[str] = ("msg",)
) -> tuple[str, ...]:
    """The one error of an answer with a `code` and, in the first of `words`, its text.

    () where `is_error` says that it is none of the venue's own.
    """
    found = object_in(body)
    text = next((found[name] for name in words if isinstance(found.get(name), str)), "")
    return (f"{found[code]} {text}",) if is_error(found.get(code), text) else ()
