"""Bugs planted on purpose: a property that finds none of them proves nothing."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from hypothesis import settings

T = TypeVar("T")
QUICK = settings(max_examples=100, deadline=None, database=None, report_multiple_bugs=False)


def found(properties: Iterable[Callable[[T], None]], planted: T) -> bool:
    """Whether at least one property fails on the planted implementation."""
    for holds in properties:
        try:
            holds(planted)
        except AssertionError:
            return True
    return False
