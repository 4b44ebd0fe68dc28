"""Loopback venues: real exchange protocols over real sockets, for unmodified clients.

Shared by every venue family: the exchange (`exchange`, `settlement`, `book_keeping`, `orders`),
its crowd (`market_maker`), the venue around it (`venue`, `keyring`, `names`, `stats`, `truth`),
its REST and socket sides with their faults (`rest`, `sockets`, `faults`, `outbox`), the log of
requests (`journal`), the port, the thread and the process it runs on (`server`, `host`,
`build`, `process`), the admin commands (`admin`, `controls`), and the way to it (`redirect`, `run`,
`site/`, `demo`). A family is a package: `kraken/` speaks REST and WebSocket v2, `kucoin/` the
REST of high-frequency accounts and the sockets behind a bullet.

What every venue's faults become inside ccxt is one suite over a table for each (`families`).
A further family brings its row there and its dialect only: names of assets and pairs, keys and
signatures, limits, rows and frames, and subclasses of `Venue`, `RestSide`, `Hub`, `Connection`,
`VenueServer` and `Controls` that say what is its own.

By hand: `python -m tests.wire.kraken` (or `.kucoin`) runs a venue and prints where it is; `curl`
its admin address for the list of commands; `python -m tests.wire.run --port-file FILE
[--port-file FILE] quarterdeck …` runs the program against one or both; `python -m
tests.wire.demo` does all of it at once.
"""
