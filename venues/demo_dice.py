"""Seeded randomness for the demo desk, in whole numbers.

The one rule: nothing here is a float, so a seed gives the same path on every machine. The
generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
2014): its whole state is one integer, which makes it easy to keep beside the exchange's state.
"""

from hashlib import sha256

NORMAL_ONE = 3_774  # how many units of `normal()` are one standard deviation
MILLION = 1_000_000

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 64
_COIN_BITS = 54  # how many of a word's bits are tossed as coins by `normal()`


def mixed(value: int) -> int:
    """A 64-bit number scrambled one to one: different values never give the same result."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class SeededDice:
    """A repeatable stream of random numbers; each `name` of a seed has a stream of its own."""

    __slots__ = ("_state",)

    def __init__(self, seed: int, name: str) -> None:
        self._state = int.from_bytes(sha256(f"{seed}:{name}".encode()).digest()[:8], "big")

    def bits(self, count: int) -> int:
        """`count` random bits (the Dice port)."""
        drawn = 0
        for _ in range(0, count, _WORD):
            drawn = (drawn << _WORD) | self._word()
        return drawn >> (-count % _WORD)

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1 (the bias is under 2^-32 for our small bounds)."""
        return (self._word() * bound) >> _WORD

    def between(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def chance(self, per_million: int) -> bool:
        """True in `per_million` of a million cases."""
        return self.below(MILLION) < per_million

    def normal(self) -> int:
        """A nearly normal number, mean 0, standard deviation `NORMAL_ONE`.

        54 tossed coins are binomial (variance 13.5); ten more bits fill the gaps between them.
        """
        word = self._word()
        heads = (word >> (_WORD - _COIN_BITS)).bit_count() - _COIN_BITS // 2
        return heads * 1024 + (word & 1023) - 512

    def _word(self) -> int:
        self._state = (self._state + _GOLDEN) & _MASK
        return mixed(self._state)
