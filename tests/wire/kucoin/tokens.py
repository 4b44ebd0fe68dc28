"""The bullet: where the sockets are, how often to ping, and a token that opens one.

The one rule: a token is of one key, or of nobody: what it may hear is decided by it alone.
"""

from tests.wire.kucoin.venue import KucoinVenue

SOCKET_HOST = "ws-api-spot.kucoin.com"


def bullet(venue: KucoinVenue, key: str) -> object:
    """As both bullet endpoints tell it; an empty key is the public."""
    server = {
        "endpoint": f"wss://{SOCKET_HOST}/",
        "encrypt": True,
        "protocol": "websocket",
        "pingInterval": venue.ping_ms,
        "pingTimeout": venue.patience_ms,
    }
    return {"token": venue.token(key), "instanceServers": [server]}
