"""A loopback KuCoin: spot REST (high-frequency accounts) and sockets, as strict as the real one."""
