"""Hypothesis strategies for every domain dataclass, made from their own annotations."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from domain.instruments import Account
from domain.table import Table

words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=0, max_size=12
)
decimals = st.decimals(-(10**9), 10**9, places=8, allow_nan=False, allow_infinity=False)
accounts = st.builds(Account, st.sampled_from(["kraken", "mexc"]), st.sampled_from(["main", "b"]))


def of(shape: Any) -> st.SearchStrategy[Any]:
    """Any value of a domain type."""
    plain = {
        str: words,
        int: st.integers(0, 2**52),
        bool: st.booleans(),
        Decimal: decimals,
        Account: accounts,
        NoneType: st.none(),
    }
    if shape in plain:
        return plain[shape]
    origin = get_origin(shape)
    if origin in (Union, UnionType):
        return st.one_of(*(of(option) for option in get_args(shape)))
    if origin is tuple:
        return st.lists(of(get_args(shape)[0]), max_size=2).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        key, value = get_args(shape)
        made = st.dictionaries(of(key), of(value), max_size=2)
        return made.map(Table) if issubclass(origin, Table) else made
    if isinstance(shape, type) and issubclass(shape, Enum):
        return st.sampled_from(list(shape))
    names = [item.name for item in fields(shape)] if is_dataclass(shape) else list(shape._fields)
    hints = get_type_hints(shape)
    return st.builds(shape, **{name: of(hints[name]) for name in names})
