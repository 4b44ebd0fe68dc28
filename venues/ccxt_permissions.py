"""What a venue tells of an API key: which questions are asked, and how an answer is read.

The rows of the venues stand in `ccxt_permission_rows`. The one rule: a right is only told by
the venue's own answer, of a shape that this venue documents; anything else is "not told".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from domain.keys import KeyReport, Purpose, Right
from domain.text import clean
from venues.ccxt_fields import Fields

MOST_WORDS = 60
MOST_ADDRESSES = 100
LONGEST_WORD = 60
Rights = tuple[Right, ...]
# What a venue's word may mean.
LOOKS: Rights = (Right.READ,)
TRADES: Rights = (Right.PLACE, Right.CANCEL)
LEVERAGES: Rights = (Right.LEVERAGE,)
TRANSFERS: Rights = (Right.TRANSFER,)
WITHDRAWS: Rights = (Right.WITHDRAW,)
HARMLESS: Rights = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one answer told; None and "" are what it did not tell.

    `words` are the venue's own for what the key may do. `lacks` are things that only the
    answer itself shows to be missing, whatever the purpose is.
    """

    words: tuple[str, ...] | None = None
    addresses: tuple[str, ...] | None = None
    bound: bool | None = None
    uid: str = ""
    created_us: int = 0
    expires_us: int = 0
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One request: ccxt's method, and what its answer tells; `key` is the key that asks."""

    method: str
    read: Callable[[Any, str], Told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """One venue's row.

    `rights` says what each of its words means, () where it is harmless. `needs` are, by
    purpose, the words of which a key needs one each, in the words of the venue's own settings
    page: what is missing is told to a person by that name.
    """

    questions: tuple[Question, ...]
    rights: Mapping[str, Rights] = field(default_factory=dict)
    needs: Mapping[Purpose, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    why_not: str = ""  # for a person: why its rights are not told


def merged(answers: Iterable[Told]) -> Told:
    """What several answers tell together; the first that tells a thing counts."""
    told = Told()
    for other in answers:
        told = Told(
            words=other.words if told.words is None else told.words,
            addresses=other.addresses if told.addresses is None else told.addresses,
            bound=other.bound if told.bound is None else told.bound,
            uid=told.uid or other.uid,
            created_us=told.created_us or other.created_us,
            expires_us=told.expires_us or other.expires_us,
            lacks=(*told.lacks, *other.lacks),
        )
    return told


def report(told: Told, row: Permissions, purpose: Purpose, fingerprint: str) -> KeyReport:
    """What a venue told of a key, in the words of this program."""
    base = KeyReport(
        fingerprint=fingerprint,
        bound=_bound(told),
        addresses=told.addresses or (),
        uid=told.uid,
        created_us=told.created_us,
        expires_us=told.expires_us,
        lacks=told.lacks,
        problem=row.why_not if told.words is None else "",
    )
    if told.words is None:
        return base
    unknown = tuple(word for word in told.words if word not in row.rights)
    meant = {right for word in told.words for right in row.rights.get(word, ())}
    # A word that is not known may be the one that seems to be missing.
    lacks = () if unknown else _lacking(told.words, row.needs.get(purpose, {}))
    return replace(
        base,
        rights=tuple(right for right in Right if right in meant),
        words=told.words,
        unknown=unknown,
        lacks=(*told.lacks, *lacks),
    )


def _lacking(words: tuple[str, ...], needs: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for name, any_of in needs.items() if not set(any_of) & set(words))


def _bound(told: Told) -> bool | None:
    if told.addresses is not None:
        return bool(told.addresses)
    return told.bound


# Reading answers


def words_in(raw: Iterable[object]) -> tuple[str, ...]:
    """Words as they may be kept and shown: harmless, few, in order, each once."""
    told = (clean(word, longest=LONGEST_WORD) for word in raw)
    return tuple(sorted({word for word in told if word}))[:MOST_WORDS]


def flags_in(answer: Fields, names: Iterable[str]) -> tuple[str, ...]:
    """The names of the flags that an answer says are on.

    Raises:
        Malformed: when one is neither on nor off.
    """
    on = []
    for name in names:
        told = answer.row.get(name)
        if told is not None and not isinstance(told, bool):
            raise answer.bad(name)
        if told:
            on.append(name)
    return words_in(on)


def addresses_in(raw: object, answer: Fields, field_name: str) -> tuple[str, ...] | None:
    """The addresses of a list or a comma-separated text; None where nothing was told.

    Raises:
        Malformed: when it is neither.
    """
    if raw is None:
        return None
    if isinstance(raw, str):
        raw = [part.strip() for part in raw.split(",")]
    if not isinstance(raw, list) or not all(isinstance(part, str) for part in raw):
        raise answer.bad(field_name)
    told = (clean(part, longest=LONGEST_WORD) for part in raw)
    return tuple(sorted({part for part in told if part}))[:MOST_ADDRESSES]


def part_of(answer: object, name: str) -> Fields:
    """The object that an answer holds under a name.

    Raises:
        Malformed: when there is none.
    """
    whole = Fields("answer", answer)
    part = whole.inner(name)
    if part is None:
        raise whole.bad(name)
    return part


def text_in(answer: Fields, field_name: str) -> str:
    """A field that should be text; "" where it is not."""
    raw = answer.row.get(field_name)
    return raw if isinstance(raw, str) else ""


def uid_in(raw: object) -> str:
    """An account's own id as text; "" where it is not told."""
    return clean(raw, longest=LONGEST_WORD) if isinstance(raw, str | int) else ""
