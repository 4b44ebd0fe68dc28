"""Names that a configuration may use: venues, accounts, operators, assets, symbols.

The one rule: a name that is accepted here is safe as a key, a path and a part of an
environment variable's name.
"""

from difflib import get_close_matches

from config.kinds import Kind, quoted, words
from risk.scoped import DEFAULT, limited_scope

# Venues that the product is tried with (R-A1, R-C2), for suggestions; any ccxt id is allowed.
KNOWN_VENUES = (
    "alpaca", "binance", "binanceus", "bitfinex", "coinbase", "gate", "gemini", "kraken",
    "kucoin", "mexc",
)  # fmt: skip
# Ids that people know from ccxt's past or from the venue's own spelling.
FORMER_VENUES = {
    "bitfinex2": "bitfinex",
    "coinbaseadvanced": "coinbase",
    "coinbasepro": "coinbase",
    "gateio": "gate",
    "huobi": "htx",
    "huobipro": "htx",
    "okex": "okx",
    "okex5": "okx",
}
_PURPOSES = ("read", "trade", "withdraw", "api")
_name = words("a name (small letters, digits, single _)", r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "main")
_id = words("a venue's ccxt id", r"[a-z][a-z0-9]{1,30}", "kraken")


def _short_name(text: str) -> str:
    if len(text) > 30:  # noqa: PLR2004 -- it stands in one column of a screen
        raise ValueError(f"{quoted(text)} is longer than 30 letters")
    return str(_name.parse(text))


def _account(text: str) -> str:
    name = _short_name(text)
    if name.rpartition("_")[2] in _PURPOSES:
        raise ValueError(f"{quoted(text)} would be taken for a key's purpose; choose another name")
    return name


def _venue(text: str) -> str:
    plain = "".join(letter for letter in text.lower() if letter.isalnum())
    if text != "gate" and plain in FORMER_VENUES:
        raise ValueError(f"ccxt calls {quoted(text)} {FORMER_VENUES[plain]} now; write that")
    if text != plain and plain in KNOWN_VENUES:
        raise ValueError(f"{quoted(text)} is written {plain}")
    near = get_close_matches(text, KNOWN_VENUES, n=1, cutoff=0.85)
    if near and near[0] != text:
        raise ValueError(f"{quoted(text)} is not a venue's id; did you mean {near[0]}?")
    return str(_id.parse(text))


NAME = Kind(_name.says, _short_name)
ACCOUNT_NAME = Kind(_name.says, _account)
VENUE = Kind(_id.says, _venue)


def _asset(text: str) -> str:
    return str(_upper.parse(text if text.isupper() or not text.isalnum() else _shouted(text)))


def _shouted(text: str) -> str:
    if any(letter.islower() for letter in text):
        raise ValueError(f"{quoted(text)} is written in capitals: {quoted(text.upper())}")
    return text


_upper = words("an asset's code", r"[A-Z0-9]{1,20}", "BTC")
ASSET = Kind(_upper.says, _asset)
SIZED_ASSET = Kind(
    f"{_upper.says}, or default", lambda text: DEFAULT if text == DEFAULT else _asset(text)
)
SCOPE = Kind(
    "a scope: VENUE:kraken, ACCOUNT:kraken/main, STRATEGY:grid or SYMBOL:BTC/USD",
    lambda text: str(limited_scope(text)),
)
SYMBOL = words("a symbol BASE/QUOTE", r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}", "BTC/USD")
ADDRESS_TEXT = words("an address", r"[A-Za-z0-9:._-]{1,128}", "bc1q…")
TAG = words("a tag", r"[A-Za-z0-9:._-]{1,128}", "12345")
