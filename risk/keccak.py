"""Keccak-256 as Ethereum uses it: the hash from before SHA-3 was standardised.

The standard library's `sha3_256` pads differently and gives other digests (FIPS 202 section
6.1 against the submission of 2011), so it does not do. Made for addresses: short inputs, a few
a day. The one rule: this guards against mistyping, never against anybody.
"""

_MASK = (1 << 64) - 1
_RATE = 136  # bytes absorbed at a time: 1600 bits less twice 256
_ROUNDS = 24


def _constants() -> tuple[int, ...]:
    """The round constants: bits of a shift register (FIPS 202 section 3.2.5)."""
    register, found = 1, []
    for _ in range(_ROUNDS):
        constant = 0
        for place in range(7):
            if register & 1:
                constant |= 1 << ((1 << place) - 1)
            register = (register << 1) ^ (0x171 if register >> 7 else 0)
        found.append(constant)
    return tuple(found)


_CONSTANTS = _constants()


def _turned(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & _MASK


def _permuted(lanes: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600] on 5 by 5 lanes, `lanes[x][y]` (FIPS 202 section 3.2)."""
    for constant in _CONSTANTS:
        columns = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in lanes]
        mixed = [columns[(x + 4) % 5] ^ _turned(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ mixed[x] for lane in lanes[x]] for x in range(5)]
        x, y, current = 1, 0, lanes[1][0]
        for step in range(_ROUNDS):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _turned(current, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & _MASK & row[(x + 2) % 5])
        lanes[0][0] ^= constant
    return lanes


def keccak_256(data: bytes) -> bytes:
    """The 32 bytes of the digest."""
    padded = bytearray(data)
    padded += b"\x01" + bytes(_RATE - 1 - len(data) % _RATE)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _RATE):
        for number in range(_RATE // 8):
            word = padded[start + 8 * number : start + 8 * number + 8]
            lanes[number % 5][number // 5] ^= int.from_bytes(word, "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[number][0].to_bytes(8, "little") for number in range(4))
