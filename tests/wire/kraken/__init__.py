"""A loopback Kraken: spot REST and WebSocket v2, as strict as the real one."""
