"""The real ccxt.pro classes and ccxt's error classes, without its hundred other exchanges.

The one rule: nothing of ccxt is changed here; it is only imported the way the product does.
"""

from importlib import import_module
from typing import Any

from venues.lazy_ccxt import exchange_class

Kraken: Any = exchange_class("kraken")
Kucoin: Any = exchange_class("kucoin")
errors: Any = import_module("ccxt.base.errors")
