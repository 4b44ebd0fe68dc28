"""Loopback venues: real exchange protocols over real sockets, for unmodified clients.

Shared by every venue family: the exchange (`exchange`, `settlement`, `book_keeping`, `orders`),
its crowd (`market_maker`), faults (`faults`, `outbox`), the log of requests (`journal`), the
admin commands (`admin`), the thread it runs on (`host`), and the way to it (`redirect`, `run`,
`site/`, `demo`). A family is a package: `kraken/` speaks REST and WebSocket v2.

A further family brings its dialect: names of assets and pairs, keys and signatures, rows and
frames, a server that offers `routes`, `start` and `stop`, and a class of admin commands.

By hand: `python -m tests.wire.kraken` runs the venue and prints where it is; `curl` its admin
address for the list of commands; `python -m tests.wire.run --port-file FILE quarterdeck …` runs
the program against it; `python -m tests.wire.demo` does all of it at once.
"""
