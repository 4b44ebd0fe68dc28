"""What ten venues send when a price changes, each in its own dialect, with a changing figure.

`{last}` is the newest trade, `{bid}` and `{ask}` stand around it. The one rule: field names and
nesting are the venue's own, so that ccxt.pro's real parsers have their real work.
"""

import json
from typing import NamedTuple

NOW_MS = "1800000000000"
FIRST = 60_000
SENTINEL = FIRST + 999_999


class Dialect(NamedTuple):
    """One venue's ticker stream: hosts, the pair, an answer to a subscription, a frame."""

    hosts: tuple[str, ...]
    symbol: str
    pair: str
    frame: str
    answer: str = ""


_BINANCE = (
    '{"e":"24hrTicker","E":' + NOW_MS + ',"s":"BTCUSDT","p":"85.10","P":"0.14","w":"60010.1",'
    '"x":"60001.00","c":"{last}","Q":"0.0105","b":"{bid}","B":"1.50","a":"{ask}","A":"2.75",'
    '"o":"59914.90","h":"60900.00","l":"59100.00","v":"21034.55","q":"1261234567.12",'
    '"O":1799913600000,"C":' + NOW_MS + ',"F":1,"L":18150,"n":18151}'
)
DIALECTS = {
    "kraken": Dialect(
        hosts=("ws.kraken.com", "ws-auth.kraken.com", "api.kraken.com"),
        symbol="BTC/USD",
        pair="XXBTZUSD",
        frame='{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":{bid},'
        '"bid_qty":1.31246100,"ask":{ask},"ask_qty":0.44620185,"last":{last},'
        '"volume":1846.53920301,"vwap":60211.4,"low":59100.1,"high":60900.2,"change":85.1,'
        '"change_pct":0.14}]}',
    ),
    "kucoin": Dialect(
        hosts=("api.kucoin.com", "ws-api-spot.kucoin.com"),
        symbol="BTC/USDT",
        pair="BTC-USDT",
        frame='{"type":"message","topic":"/market/ticker:BTC-USDT","subject":"trade.ticker",'
        '"data":{"bestAsk":"{ask}","bestAskSize":"0.41","bestBid":"{bid}","bestBidSize":"1.2",'
        '"price":"{last}","sequence":"14610","size":"0.013","time":' + NOW_MS + "}}",
    ),
    "binance": Dialect(
        hosts=("stream.binance.com", "api.binance.com"),
        symbol="BTC/USDT",
        pair="BTCUSDT",
        frame=_BINANCE,
        answer='{"result":null,"id":1}',
    ),
    "gate": Dialect(
        hosts=("api.gateio.ws",),
        symbol="BTC/USDT",
        pair="BTC_USDT",
        frame='{"time":1800000000,"time_ms":' + NOW_MS + ',"channel":"spot.tickers",'
        '"event":"update","result":{"currency_pair":"BTC_USDT","last":"{last}",'
        '"lowest_ask":"{ask}","highest_bid":"{bid}","change_percentage":"0.14",'
        '"base_volume":"21034.55","quote_volume":"1261234567.12","high_24h":"60900",'
        '"low_24h":"59100"}}',
    ),
    "binanceus": Dialect(
        hosts=("stream.binance.us", "api.binance.us"),
        symbol="BTC/USDT",
        pair="BTCUSDT",
        frame=_BINANCE,
        answer='{"result":null,"id":1}',
    ),
    "coinbase": Dialect(
        hosts=("advanced-trade-ws.coinbase.com", "api.coinbase.com"),
        symbol="BTC/USD",
        pair="BTC-USD",
        frame='{"channel":"ticker_batch","client_id":"","timestamp":"2027-01-15T08:00:00.5Z",'
        '"sequence_num":7,"events":[{"type":"update","tickers":[{"type":"ticker",'
        '"product_id":"BTC-USD","price":"{last}","volume_24_h":"21034.55","low_24_h":"59100",'
        '"high_24_h":"60900","low_52_w":"15000","high_52_w":"90000",'
        '"price_percent_chg_24_h":"0.14","best_bid":"{bid}","best_ask":"{ask}",'
        '"best_bid_quantity":"1.2","best_ask_quantity":"0.4"}]}]}',
    ),
    "bitfinex": Dialect(
        hosts=("api-pub.bitfinex.com",),
        symbol="BTC/USDT",
        pair="tBTCUST",
        frame="[224555,[{bid},15.3,{ask},12.7,85.1,0.0014,{last},21034.55,60900,59100]]",
        answer='{"event":"subscribed","channel":"ticker","chanId":224555,"symbol":"tBTCUST",'
        '"pair":"BTCUST"}',
    ),
    "okx": Dialect(
        hosts=("ws.okx.com", "www.okx.com"),
        symbol="BTC/USDT",
        pair="BTC-USDT",
        frame='{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT",'
        '"instId":"BTC-USDT","last":"{last}","lastSz":"0.1","askPx":"{ask}","askSz":"1.1",'
        '"bidPx":"{bid}","bidSz":"0.9","open24h":"59914.9","high24h":"60900",'
        '"low24h":"59100","sodUtc0":"59914.9","sodUtc8":"59914.9","volCcy24h":"1261234567.12",'
        '"vol24h":"21034.55","ts":"' + NOW_MS + '"}]}',
    ),
    "bybit": Dialect(
        hosts=("stream.bybit.com", "api.bybit.com"),
        symbol="BTC/USDT",
        pair="BTCUSDT",
        frame='{"topic":"tickers.BTCUSDT","ts":' + NOW_MS + ',"type":"snapshot","cs":2588407389,'
        '"data":{"symbol":"BTCUSDT","lastPrice":"{last}","bid1Price":"{bid}",'
        '"ask1Price":"{ask}","highPrice24h":"60900","lowPrice24h":"59100",'
        '"prevPrice24h":"59914.9","volume24h":"21034.55","turnover24h":"1261234567.12",'
        '"price24hPcnt":"0.0014","usdIndexPrice":"60000"}}',
    ),
    "cryptocom": Dialect(
        hosts=("stream.crypto.com", "api.crypto.com"),
        symbol="BTC/USDT",
        pair="BTC_USDT",
        frame='{"id":-1,"method":"subscribe","code":0,"result":{"instrument_name":"BTC_USDT",'
        '"subscription":"ticker.BTC_USDT","channel":"ticker","data":[{"h":"60900","l":"59100",'
        '"a":"{last}","c":"0.0014","b":"{bid}","bs":"1.1","k":"{ask}","ks":"0.4","i":"BTC_USDT",'
        '"v":"21034.55","vv":"1261234567.12","oi":"0","t":' + NOW_MS + "}]}}",
    ),
}


def frame(venue: str, last: int) -> str:
    """One change of the price to `last`."""
    text = DIALECTS[venue].frame
    for name, value in (("bid", last - 1), ("ask", last + 1), ("last", last)):
        text = text.replace(f"{{{name}}}", f"{value}.5")
    return text


def market(venue: str, number: int = 0) -> dict[str, object]:
    """The pair as ccxt keeps it, for a list of instruments on the disk; others by `number`."""
    dialect = DIALECTS[venue]
    base, quote = dialect.symbol.split("/")
    base, pair = (f"A{number}", f"A{number}{dialect.pair}") if number else (base, dialect.pair)
    return {
        "id": pair,
        "lowercaseId": pair.lower(),
        "symbol": f"{base}/{quote}",
        "base": base,
        "quote": quote,
        "baseId": base,
        "quoteId": quote,
        "type": "spot",
        "spot": True,
        "active": True,
        **dict.fromkeys(("swap", "future", "option", "contract", "inverse", "linear")),
        "settle": None,
        "precision": {"amount": "0.00001", "price": "0.1"},
        "limits": {"amount": {"min": "0.0001", "max": None}},
        "info": {
            "altname": pair,
            "wsname": f"{base}/{quote}",
            **{f"field of the venue {n}": f"{n}.00000000" for n in range(20)},
        },
    }


def kraken_fill(number: int) -> str:
    """One execution, the tenth part of an order that somebody else placed."""
    row = {
        "exec_type": "trade",
        "exec_id": f"T{number:05}-AAAAA-AAAAAA",
        "trade_id": number,
        "order_id": f"O{number // 10:05}-AAAAA-AAAAAA",
        "symbol": "BTC/USD",
        "side": "buy" if number % 3 else "sell",
        "order_type": "limit",
        "order_qty": 0.01,
        "limit_price": 60000.0,
        "last_qty": 0.001,
        "last_price": 60000.0,
        "liquidity_ind": "m",
        "cost": 60.0,
        "cum_qty": 0.001 * (number % 10 + 1),
        "order_status": "partially_filled",
        "fees": [{"asset": "USD", "qty": 0.15}],
        "timestamp": "2027-01-15T08:00:00.000000Z",
    }
    told = {"channel": "executions", "type": "update", "data": [row], "sequence": number + 2}
    return json.dumps(told, separators=(",", ":"))
