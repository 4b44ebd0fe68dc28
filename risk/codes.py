"""Second-factor codes: time steps (RFC 6238), recovery codes, and the lock after wrong tries.

The one rule: a time step that was accepted, and every step before it, is never accepted again.
Time, randomness and what was tried before come in as arguments; storing the accepted step in
the same transaction as the act is the caller's part.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, urlencode

PERIOD_S = 30
DIGITS = 6
SEED_BITS = 160
SHORTEST_SEED_BYTES = 16
_PERIOD_US = PERIOD_S * 1_000_000


class BadSeed(ValueError):
    """A seed that is not base32, or is shorter than the 128 bits of RFC 4226 section 4, R6."""


class Wrong(Enum):
    """Why a code was not accepted, in words for the person who typed it."""

    FORMAT = "a code is six digits"
    MISMATCH = "the code is wrong or no longer valid"
    REPLAYED = "this code was used already; wait for the next one"
    NOT_CONSECUTIVE = "these are not two codes in a row; wait until the code changes"
    RECOVERY_UNKNOWN = "this is none of the recovery codes"
    RECOVERY_USED = "this recovery code was used already"


# Time steps


def step_at(now_us: int) -> int:
    """The time step (30 s each since 1970) that UTC microsecond `now_us` falls in."""
    return now_us // _PERIOD_US


def seconds_left(now_us: int) -> int:
    """How many seconds the present code is still shown by an authenticator, 1 to 30."""
    return PERIOD_S - now_us // 1_000_000 % PERIOD_S


def code_at(seed: str, step: int, *, digits: int = DIGITS) -> str:
    """The code of one time step (RFC 4226 section 5.3 with HMAC-SHA-1).

    Raises:
        BadSeed: when `seed` (base32; blanks and lower case are fine) cannot be used.
    """
    mac = hmac.digest(_seed_bytes(seed), step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    truncated = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(truncated % 10**digits).zfill(digits)


def verify_code(
    seed: str, code: str, now_us: int, last_step: int, *, earliest: int = -1, latest: int = 0
) -> int | Wrong:
    """The time step that `code` proves, or why it proves none.

    Steps from `earliest` to `latest`, relative to now, are considered: by default the present
    code and the one before it. Only a step after `last_step` (-1: none yet) is accepted. Every
    step is compared, in constant time, whichever matches (RFC 6238 section 5.2).
    """
    if not _is_code(code):
        return Wrong.FORMAT
    now = step_at(now_us)
    matching = _matching(seed, code, range(max(0, now + earliest), now + latest + 1))
    fresh = [step for step in matching if step > last_step]
    if fresh:
        return max(fresh)
    return Wrong.REPLAYED if matching else Wrong.MISMATCH


def _is_code(code: str) -> bool:
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def _matching(seed: str, code: str, steps: Iterable[int]) -> list[int]:
    told = code.encode()
    compared = [(hmac.compare_digest(code_at(seed, step).encode(), told), step) for step in steps]
    return [step for equal, step in compared if equal]


def _seed_bytes(seed: str) -> bytes:
    text = "".join(seed.split()).replace("-", "").rstrip("=").upper()
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        raise BadSeed("the seed is not base32 text") from None
    if len(raw) < SHORTEST_SEED_BYTES:
        raise BadSeed(f"the seed has {len(raw) * 8} bits; it needs at least 128")
    return raw


# Enrolment


def new_seed(bits: Callable[[int], int]) -> str:
    """A seed of 160 random bits as base32; `bits` is the `Dice` port's method."""
    return base64.b32encode(bits(SEED_BITS).to_bytes(SEED_BITS // 8, "big")).decode()


def provisioning_uri(seed: str, operator: str, issuer: str) -> str:
    """The `otpauth://` address that an authenticator reads from a QR code.

    Raises:
        BadSeed: when no code could be made from `seed`.
    """
    code_at(seed, 0)
    label = f"{quote(issuer, safe='')}:{quote(operator, safe='@')}"
    told = {
        "secret": seed,
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": PERIOD_S,
    }
    return f"otpauth://totp/{label}?{urlencode(told, quote_via=quote)}"


def verify_enrolment(
    seed: str, first: str, second: str, now_us: int, last_step: int = -1
) -> int | Wrong:
    """The step of `second` when the two are consecutive codes and `second` is a present one.

    Two in a row prove that the authenticator holds the seed and keeps the same time as we do.
    The answer is the operator's next `last_step`; the one given is that of the seed before.
    """
    if not _is_code(first):
        return Wrong.FORMAT
    step = verify_code(seed, second, now_us, last_step)
    if isinstance(step, Wrong):
        return step
    return step if _matching(seed, first, [step - 1]) else Wrong.NOT_CONSECUTIVE


# Recovery codes

RECOVERY_CODES = 10
RECOVERY_BITS = 120
_SALT_BITS = 128
_GROUP = 4
# Crockford's base32: what looks alike is one letter, so a code survives handwriting.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_recovery_codes(bits: Callable[[int], int]) -> tuple[str, ...]:
    """Ten codes of 120 random bits each, as six groups of four letters and digits."""
    return tuple(_grouped(bits(RECOVERY_BITS)) for _ in range(RECOVERY_CODES))


def _grouped(value: int) -> str:
    letters = [_LETTERS[value >> shift & 31] for shift in range(RECOVERY_BITS - 5, -1, -5)]
    groups = ("".join(letters[at : at + _GROUP]) for at in range(0, len(letters), _GROUP))
    return "-".join(groups)


def new_salt(bits: Callable[[int], int]) -> str:
    """A salt for one recovery code's digest: 128 random bits as hex."""
    return f"{bits(_SALT_BITS):032x}"


def recovery_digest(code: str, salt: str) -> str:
    """What is kept of a recovery code: `salt:sha256`.

    120 random bits cannot be guessed, so a plain salted hash is enough (ASVS 6.5.2).
    """
    plain = f"quarterdeck recovery code\0{salt}\0{_normal(code)}"
    return f"{salt}:{hashlib.sha256(plain.encode(errors='replace')).hexdigest()}"


def verify_recovery(code: str, kept: Sequence[str], used: Iterable[str]) -> str | Wrong:
    """The digest in `kept` that `code` belongs to, unless it is in `used`: each works once."""
    matching = [
        digest
        for digest in kept
        if hmac.compare_digest(
            recovery_digest(code, digest.partition(":")[0]).encode(), digest.encode()
        )
    ]
    if not matching:
        return Wrong.RECOVERY_UNKNOWN
    return Wrong.RECOVERY_USED if matching[0] in set(used) else matching[0]


def _normal(code: str) -> str:
    return code.strip().upper().translate(_LOOKALIKES)


# The lock after wrong tries

TRIES = 5
WINDOW_US = 15 * 60 * 1_000_000
LONGEST_LOCK_US = 24 * 60 * 60 * 1_000_000
# Whatever was tried before: pulling the brake is never locked.
NEVER_LOCKED = frozenset({"trip"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """A code was tried at `at_us`; `accepted` tells whether it was right."""

    at_us: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class Lock:
    """Whether another code may be tried: `until_us` is 0 while it may.

    `tries_left` counts wrong codes until the next lock; `locks` how often it locked since the
    last accepted code.
    """

    until_us: int = 0
    tries_left: int = TRIES
    locks: int = 0


def lock_for(purpose: str, attempts: Iterable[Attempt], now_us: int) -> Lock:
    """What one operator's past `attempts`, oldest first, allow at `now_us`.

    Five wrong codes within 15 minutes lock for 15 minutes, the next five for 30, then 60 and so
    on up to a day, until a code is accepted. What was tried during a lock was not looked at: it
    neither counts nor prolongs. A `purpose` in `NEVER_LOCKED` is open always.
    """
    if purpose in NEVER_LOCKED:
        return Lock()
    until_us, locks, wrong = 0, 0, list[int]()
    for attempt in attempts:
        if attempt.at_us < until_us:
            continue
        if attempt.accepted:
            until_us, locks, wrong = 0, 0, []
            continue
        wrong = [*_recent(wrong, attempt.at_us), attempt.at_us]
        if len(wrong) >= TRIES:
            until_us, wrong = attempt.at_us + lock_length_us(locks), []
            locks += 1
    standing = until_us if now_us < until_us else 0
    return Lock(standing, 0 if standing else TRIES - len(_recent(wrong, now_us)), locks)


def lock_length_us(locks: int) -> int:
    """How long the lock after `locks` earlier ones lasts: 15 minutes doubled, at most a day."""
    doubled: int = WINDOW_US << min(locks, 16)
    return min(doubled, LONGEST_LOCK_US)


def _recent(wrong: Iterable[int], now_us: int) -> list[int]:
    return [at_us for at_us in wrong if at_us > now_us - WINDOW_US]
