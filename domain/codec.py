"""Values to JSON-shaped data and back, derived from the dataclasses themselves.

Used for ledger payloads and for the socket, so adding a fact or an ask changes no codec. The
one rule: money travels as canonical text; a float, either way, is an error.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.forms import by_form, is_plain
from domain.instruments import Account
from domain.money import canonical, number_of
from domain.table import Table

T = TypeVar("T")
Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]
LARGEST_INTEGER = 2**53


class Undecodable(ValueError):
    """Data that does not have the shape of the class it should become."""


def encode(value: object) -> Any:
    """JSON-shaped data of a value: dataclasses become objects of their fields.

    Raises:
        TypeError: for floats, for integers of 2^53 and more, and for unknown types.
    """
    return _ENCODERS[type(value)](value)


def decode(shape: type[T], data: Any) -> T:
    """The value of type `shape` that `encode` turned into `data`.

    Missing fields take their defaults, so a reader of today reads rows of yesterday.

    Raises:
        Undecodable: naming the field, when the data does not fit.
    """
    result: T = _DECODERS[shape](data)
    return result


def _encoder(kind: type) -> Callable[[Any], Any]:
    if kind in _PLAIN_ENCODERS:
        return _PLAIN_ENCODERS[kind]
    if is_dataclass(kind):
        return _record_encoder(tuple(item.name for item in fields(kind)))
    for parent, encoder in _PARENT_ENCODERS:
        if issubclass(kind, parent):
            return encoder
    raise TypeError(f"{kind.__name__} has no place in a ledger or on the socket")


def _itself(value: Any) -> Any:
    return value


def _enum_value(value: Enum) -> Any:
    return value.value


def _small_integer(value: int) -> int:
    if abs(value) >= LARGEST_INTEGER:
        raise TypeError(f"integer {value} does not survive JSON (2^53 and more)")
    return value


def _encode_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): _ENCODERS[type(item)](item) for key, item in value.items()}


def _encode_sequence(value: tuple[Any, ...]) -> list[Any]:
    return [_ENCODERS[type(item)](item) for item in value]


_PLAIN_ENCODERS: dict[type, Callable[[Any], Any]] = {
    str: _itself,
    bool: _itself,
    NoneType: _itself,
    int: _small_integer,
    Decimal: canonical,
    Account: str,
}
# Most specific first: a StrEnum is a str, an IntEnum an int.
_PARENT_ENCODERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Enum, _enum_value),
    (Mapping, _encode_mapping),
    (tuple, _encode_sequence),
    (list, _encode_sequence),
)


def _record_encoder(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    def encode_fields(value: Any) -> dict[str, Any]:
        return {
            name: _ENCODERS[type(item)](item) for name in names for item in [getattr(value, name)]
        }

    return encode_fields


def _decoder(shape: Any) -> Callable[[Any], Any]:
    origin = get_origin(shape)
    if origin in (Union, UnionType):
        return _union_decoder(get_args(shape))
    if origin is tuple:
        return _tuple_decoder(get_args(shape))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_decoder(get_args(shape), Table if issubclass(origin, Table) else dict)
    return _plain_decoder(origin or shape)


def _plain_decoder(shape: Any) -> Callable[[Any], Any]:
    if shape in _PLAIN_DECODERS:
        return _PLAIN_DECODERS[shape]
    if is_dataclass(shape):
        return _record_decoder(shape, tuple(item.name for item in fields(shape)))
    if hasattr(shape, "_fields"):
        return _row_decoder(shape)
    if isinstance(shape, type) and issubclass(shape, Enum):
        return _enum_decoder(shape)
    raise TypeError(f"{shape} has no place in a ledger or on the socket")


def _enum_decoder(shape: type[Enum]) -> Callable[[Any], Any]:
    carried = int if issubclass(shape, int) else str
    members = {member.value: member for member in shape}

    def decode_member(data: Any) -> Any:
        if type(data) is carried and data in members:
            return members[data]
        return shape(_checked(data, carried))  # which says what is wrong with it

    return decode_member


@lru_cache(maxsize=1024)
def _account(text: str) -> Account:
    """A ledger names the same few accounts in every row."""
    return Account.parse(text)


def _checked(data: Any, kind: type) -> Any:
    if type(data) is not kind:
        raise Undecodable(f"expected {kind.__name__}, got {type(data).__name__}")
    return data


def _decimal(data: Any) -> Decimal:
    return number_of(data if type(data) is str else _checked(data, str))


def _text(data: Any) -> Any:
    return data if type(data) is str else _checked(data, str)


_PLAIN_DECODERS: dict[Any, Callable[[Any], Any]] = {
    Decimal: _decimal,
    Account: lambda data: _account(_checked(data, str)),
    str: _text,
    bool: lambda data: _checked(data, bool),
    int: lambda data: _checked(data, int),
    NoneType: lambda data: _checked(data, NoneType),
    Any: _itself,
}
_ITSELF = frozenset({str, int, bool})
# Of what is known to be text already.
_OF_TEXT: dict[Any, Callable[[Any], Any]] = {Decimal: number_of, Account: _account}


def _union_decoder(options: tuple[Any, ...]) -> Callable[[Any], Any]:
    inner = [option for option in options if option is not NoneType]
    if len(inner) != 1 or len(options) != len(inner) + 1:
        raise TypeError(f"only `X | None` can be decoded, not {options}")
    decode_inner = _DECODERS[inner[0]]
    return lambda data: None if data is None else decode_inner(data)


def _tuple_decoder(items: tuple[Any, ...]) -> Callable[[Any], tuple[Any, ...]]:
    decode_item = _DECODERS[items[0]]
    return lambda data: tuple(decode_item(item) for item in _checked(data, list))


def _mapping_decoder(items: tuple[Any, ...], make: Any) -> Callable[[Any], Any]:
    decode_item = _DECODERS[items[1]]
    return lambda data: make({k: decode_item(v) for k, v in _checked(data, dict).items()})


def _row_decoder(shape: Any) -> Callable[[Any], Any]:
    """A named tuple travels as a list: its names would be most of a ledger row."""
    hints = get_type_hints(shape)
    decoders = tuple(_DECODERS[hints[name]] for name in shape._fields)

    def decode_row(data: Any) -> Any:
        cells = _checked(data, list)
        if len(cells) > len(decoders):
            raise Undecodable(f"{shape.__name__} has {len(decoders)} parts, not {len(cells)}")
        try:
            return shape(*[read(cell) for read, cell in zip(decoders, cells, strict=False)])
        except TypeError as error:
            raise Undecodable(f"{shape.__name__}: {error}") from None

    return decode_row


def _record_decoder(shape: Any, names: tuple[str, ...]) -> Callable[[Any], Any]:
    hints = get_type_hints(shape)
    carefully = _field_by_field(shape, {name: _DECODERS[hints[name]] for name in names})
    if not is_plain(shape):
        return carefully
    return by_form(shape, lambda name, carried: _reader(hints[name], carried), carefully)


def _reader(hint: Any, carried: type) -> Callable[[Any], Any] | None:
    """What reads a type of JSON as `hint`; None: it is one already."""
    if get_origin(hint) in (Union, UnionType):
        if carried is NoneType and NoneType in get_args(hint):
            return None
        hint = next(option for option in get_args(hint) if option is not NoneType)
    if hint is carried and hint in _ITSELF:
        return None
    if carried is str and hint in _OF_TEXT:
        return _OF_TEXT[hint]
    if carried is str and isinstance(hint, type) and issubclass(hint, StrEnum):
        return {member.value: member for member in hint}.__getitem__
    return _DECODERS[hint]


def _field_by_field(
    shape: Any, decoders: Mapping[str, Callable[[Any], Any]]
) -> Callable[[Any], Any]:
    def decode_fields(data: Any) -> Any:
        if not isinstance(data, dict):
            raise Undecodable(f"{shape.__name__} is an object, not {type(data).__name__}")
        try:
            return shape(**{name: decoders[name](value) for name, value in data.items()})
        except KeyError:
            unknown = ", ".join(sorted(data.keys() - decoders.keys()))
            raise Undecodable(f"{shape.__name__} has no field {unknown}") from None
        except TypeError as error:
            raise Undecodable(f"{shape.__name__}: {error}") from None
        except ValueError:
            _blame(decoders, data)
            raise

    return decode_fields


def _blame(decoders: Mapping[str, Callable[[Any], Any]], data: Mapping[str, Any]) -> None:
    """Say which field it was: looked for only now, so that the good ones cost nothing."""
    for name, value in data.items():
        try:
            decoders[name](value)
        except ValueError as error:
            raise Undecodable(f"{name}: {error}") from None


class _Made(dict[Any, Callable[[Any], Any]]):
    """Codecs by type, each made when it is first wanted."""

    def __init__(self, make: Callable[[Any], Callable[[Any], Any]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, kind: Any) -> Callable[[Any], Any]:
        made = self[kind] = self._make(kind)
        return made


_ENCODERS = _Made(_encoder)
_DECODERS = _Made(_decoder)
