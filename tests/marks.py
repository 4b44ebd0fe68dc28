"""The marks that every key of the tests carries, so that it is known wherever it turns up."""

import base64

# 18 bytes are 24 letters of base64 whatever follows them.
RAW = b"canary of the wire"
BASE64 = base64.b64encode(RAW).decode()
HEX = b"canary".hex()
WORD = "word-canary"
# The secrets of the fixtures that no venue issues (tests/venues/ccxt_stub.py).
FIXED = ("cmVhZC1zZWNyZXQ", "dHJhZGUtc2VjcmV0")
MARKS = (RAW.decode(), BASE64, HEX, WORD, *FIXED)
