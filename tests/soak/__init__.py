"""The soak: minutes of chaos between the real daemon and loopback venues, then the reckoning.

`python -m tests.soak --minutes 10 --seed N` (or `make soak`). The daemon is a process of its own,
LIVE (`program`, in a throw-away `home`); `trader` and `screen` are its clients; `script` draws
chaos acts (`venue_acts`, `desk_acts`) from the seed; `gauges` watches memory, descriptors,
threads and tasks; `reckoning` compares ledger and venues when all is over; `diary` keeps what
happened when. A run with any violation ends with status 1.
"""
