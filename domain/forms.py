"""Records out of JSON objects whose form was met before: which fields, and what JSON each is.

A ledger holds a few forms of a fact a hundred thousand times over. What a form asks for (which
field is as it stands, which is read, and by what) is found out once; after that nothing is
looked up by name. The one rule: a form saves looking things up and never a check. A text that
becomes money is read each time, and whatever does not fit is left to the caller's careful way,
which says what is wrong with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from types import MemberDescriptorType
from typing import Any

Reader = Callable[[Any], Any]
Put = Callable[[Any, Any], None]
MOST = 256  # forms that are kept of one record: fields that may be None make several

# Where each value of the object goes, what reads it (None: it is right as it stands), and the
# fields that the object does not have with what they are then.
Steps = tuple[tuple[Put, ...], tuple[Reader | None, ...], tuple[tuple[Put, Any], ...]]


def is_plain(shape: Any) -> bool:
    """Whether making one of a dataclass is no more than putting every field into its slot."""
    return not hasattr(shape, "__post_init__") and all(
        item.init and isinstance(getattr(shape, item.name, None), MemberDescriptorType)
        for item in fields(shape)
    )


def by_form(
    shape: Any, reader_for: Callable[[str, type], Reader | None], carefully: Reader
) -> Reader:
    """What makes a plain dataclass of a JSON object.

    `reader_for` answers what reads a field out of a type of JSON, None for a value that is right
    as it stands (KeyError: there is no such field); `carefully` is asked about all that fails.
    """
    known: dict[tuple[Any, ...], Steps] = {}
    parts = {item.name: item for item in fields(shape)}
    bare = object.__new__

    def read(data: Any) -> Any:
        if type(data) is not dict:
            return carefully(data)
        try:
            form = (*data, *map(type, data.values()))
            steps = known.get(form)
            if steps is None:
                steps = _steps(shape, parts, data, reader_for)
                if len(known) < MOST:
                    known[form] = steps
            puts, readers, absent = steps
            made = bare(shape)
            for put, reader, value in zip(puts, readers, data.values(), strict=False):
                put(made, value if reader is None else reader(value))
            for put, value in absent:
                put(made, value)
        except (KeyError, TypeError, ValueError):
            return carefully(data)
        return made

    return read


def _steps(
    shape: Any,
    parts: Mapping[str, Field[Any]],
    data: Mapping[str, Any],
    reader_for: Callable[[str, type], Reader | None],
) -> Steps:
    puts = {name: getattr(shape, name).__set__ for name in parts}
    missing = [part for name, part in parts.items() if name not in data]
    for part in missing:
        if part.default is MISSING:
            raise KeyError(part.name)
    return (
        tuple(puts[name] for name in data),
        tuple(reader_for(name, type(value)) for name, value in data.items()),
        tuple((puts[part.name], part.default) for part in missing),
    )
