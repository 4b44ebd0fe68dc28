"""Import one exchange class of ccxt.pro, and not the hundred others.

The packages `ccxt`, `ccxt.async_support` and `ccxt.pro` import every exchange in their
`__init__`. Here three package objects of our own stand in for them: they have a `__path__`, so
that submodules are found, and look names up when they are first asked for. The one rule: ccxt
is imported inside `exchange_class`, when a venue is built, and nowhere else.
"""

import importlib
import importlib.machinery
import importlib.metadata
import logging
import sys
import threading
from collections.abc import Callable
from decimal import localcontext
from types import ModuleType
from typing import Any

from domain.errors import Misconfigured

PINNED = "4.5.90"  # its private parts that we lean on were read in this version
_PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")
_SUBPACKAGES = frozenset({"async_support", "pro", "base"})
_EXCHANGE = {"ccxt": "ccxt.base.exchange"}  # the other two share the asynchronous one
_NAMES = ("ccxt.base.errors", "ccxt.base.decimal_to_precision", "ccxt.base.precise")
_ONE_AT_A_TIME = threading.Lock()


def exchange_class(venue: str) -> Any:
    """The class `ccxt.pro.<venue>`, with all that it needs and nothing more.

    Raises:
        Misconfigured: ccxt is missing, has another version, or does not know the venue.
    """
    _check_version()
    with _ONE_AT_A_TIME, localcontext():
        _stand_in()
        found = getattr(importlib.import_module("ccxt.pro"), venue, None)
    if found is None:
        hint = "ccxt.pro has no such exchange; check the spelling"
        raise Misconfigured(f"exchanges.{venue}", hint)
    # ccxt logs whole requests, signature and all, at DEBUG: it never gets to say them.
    logging.getLogger("ccxt").setLevel(logging.WARNING)
    return found


def _check_version() -> None:
    try:
        found = importlib.metadata.version("ccxt")
    except importlib.metadata.PackageNotFoundError as error:
        raise Misconfigured("ccxt", f"install ccxt=={PINNED}") from error
    if found != PINNED:
        raise Misconfigured("ccxt", f"install ccxt=={PINNED}; {found} was never tested here")


def _stand_in() -> None:
    if "ccxt" in sys.modules:
        return  # somebody imported the real package, or we were here before
    spec = importlib.machinery.PathFinder.find_spec("ccxt")
    if spec is None or spec.submodule_search_locations is None:
        raise Misconfigured("ccxt", f"install ccxt=={PINNED}")
    (root,) = spec.submodule_search_locations
    for name in _PACKAGES:
        sys.modules[name] = _package(name, [root + name.removeprefix("ccxt").replace(".", "/")])
    for name in _PACKAGES[1:]:
        setattr(sys.modules["ccxt"], name.rpartition(".")[2], sys.modules[name])


class _Package(ModuleType):
    """A package whose attributes are classes where the import system puts their modules."""

    def __setattr__(self, attribute: str, value: object) -> None:
        if isinstance(value, ModuleType) and attribute not in _SUBPACKAGES:
            # Two names of one thing: ccxt says `async_support.binanceus()` and means the class.
            value = getattr(value, attribute, value)
        super().__setattr__(attribute, value)


def _package(name: str, path: list[str]) -> ModuleType:
    package = _Package(name, "A stand-in that imports what is asked for (venues.lazy_ccxt).")
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = path
    attributes = {
        "__path__": path,
        "__package__": name,
        "__spec__": spec,
        "__version__": PINNED,
        "__getattr__": _finder(package, name),
    }
    for attribute, value in attributes.items():
        setattr(package, attribute, value)
    return package


def _finder(package: ModuleType, name: str) -> Callable[[str], Any]:
    def find(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        found = _found(name, attribute)
        # The import system has put the submodule here; ccxt expects the class of that name.
        setattr(package, attribute, found)
        return found

    return find


def _found(package: str, attribute: str) -> Any:
    if attribute == "Exchange":
        home = _EXCHANGE.get(package, "ccxt.async_support.base.exchange")
        return importlib.import_module(home).Exchange
    for home in _NAMES:
        module = importlib.import_module(home)
        if hasattr(module, attribute):
            return getattr(module, attribute)
    try:
        module = importlib.import_module(f"{package}.{attribute}")
    except ModuleNotFoundError as error:
        if error.name != f"{package}.{attribute}":
            raise  # it is there, and something that it needs is not
        raise AttributeError(f"module {package!r} has no attribute {attribute!r}") from error
    return getattr(module, attribute, module)
