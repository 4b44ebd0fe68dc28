"""Hypothesis strategies for every fact that a ledger can hold, made from the dataclasses."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from domain.events import Fact
from domain.instruments import Account
from domain.registry import facts_by_kind

WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
NUMBER = st.decimals(
    min_value=Decimal("-1e20"), max_value=Decimal("1e20"), places=8, allow_nan=False
)
INTEGER = st.integers(-(2**53) + 1, 2**53 - 1)
TIME_US = st.integers(0, 4_102_444_800_000_000)  # until the year 2100
ACCOUNT = st.builds(Account, WORD, WORD)

st.register_type_strategy(Decimal, NUMBER)
st.register_type_strategy(Account, ACCOUNT)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(int, INTEGER)


def facts_of(shape: type[Fact]) -> st.SearchStrategy[Fact]:
    """Facts of one class; whatever is a mapping becomes a dictionary."""
    hints: dict[str, Any] = get_type_hints(shape)
    given: dict[str, Any] = {"at_us": TIME_US}
    for name, hint in hints.items():
        if getattr(hint, "__origin__", None) is Mapping:
            _, value = get_args(hint)
            given[name] = st.dictionaries(TEXT, st.from_type(value), max_size=4)
    return st.builds(shape, **given)


def any_fact() -> st.SearchStrategy[Fact]:
    """A fact of any kind."""
    return st.one_of([facts_of(shape) for shape in facts_by_kind().values()])
