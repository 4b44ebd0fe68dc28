"""What nobody may read: known secrets in every spelling, and what looks like a secret.

The one rule: text that leaves the process for people (logs, crash notices, evidence) passes
`Redaction.clean` last, after all formatting and before anything is cut off.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
SHORTEST = 4
_SHORTEST_DERIVED = 6
_UNMISTAKABLE = 8
_LONG_LINE = 16

# Names of headers, parameters and fields whose values are hidden. ccxt's sign() functions put
# keys and signatures under these; Gate's headers are called KEY and SIGN, in capitals.
_NAMED = (
    r"(?i:api[-_]?key|api[-_]?secret|api[-_]?sign|access[-_]?key|access[-_]?sign|private[-_]?key"
    r"|listen[-_]?key|secret|passphrase|password|passwd|signature|authorization|cookie|token|jwt"
    r"|gemini-payload)|KEY|SIGN"
)
SENSITIVE_NAME = re.compile(rf"(?:^|[^a-zA-Z])(?:{_NAMED})$|^(?i:apiKey|secretKey|authToken)$")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END[^-]*-----|\Z)", re.DOTALL
        ),
        "",
    ),
    (re.compile(r"otpauth://[^\s\"']+"), ""),
    (re.compile(r"(?<=://)[^\s/@\"']+:[^\s/@\"']+(?=@)"), ""),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"), ""),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), ""),
    (re.compile(r"(?<=hooks\.slack\.com/services/)[\w/]+"), ""),
    (re.compile(r"\b\d{8,10}:[\w-]{35}\b"), ""),
    (
        re.compile(
            rf"((?:{_NAMED})[\\\"']{{0,4}}\s{{0,3}}(?:%3[dD]|[=:])\s{{0,3}}b?[\\\"']{{0,4}})"
            r"(?:(?<=\")[^\"\\]+|(?<=')[^'\\]+"
            r"|(?:(?i:bearer|basic|digest|token|negotiate)\s{1,3})?[^\s\"'&,;)}\]\\]+)"
        ),
        r"\1",
    ),
)


class Redaction:
    """The secrets that this process has met; one object is shared by all who handle any."""

    def __init__(self) -> None:
        self._forms: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self._unmistakable: re.Pattern[str] | None = None
        self.longest = 0

    def learn(self, *secrets: str) -> None:
        """Remember secrets (under four characters there is nothing to hide)."""
        forms = self._forms.union(*(spellings(secret) for secret in secrets))
        if forms != self._forms:
            # Longest first, so that a spelling that contains another is hidden whole.
            ordered = sorted(forms, key=len, reverse=True)
            self._forms, self.longest = forms, len(ordered[0])
            self._known = _any_of(ordered)
            self._unmistakable = _any_of([form for form in ordered if len(form) >= _UNMISTAKABLE])

    def redactions(self) -> frozenset[str]:
        """Every spelling of every known secret."""
        return self._forms

    def clean(self, text: str) -> str:
        """The text with known secrets, and what looks like one, replaced by `[hidden]`."""
        cleaned = self._known.sub(HIDDEN, text) if self._known else text
        for pattern, kept in _PATTERNS:
            cleaned = pattern.sub(kept + HIDDEN, cleaned)
        return cleaned

    def holds(self, text: str) -> bool:
        """Whether a known secret, of at least eight characters, stands in the text."""
        return bool(self._unmistakable and self._unmistakable.search(text))


def _any_of(forms: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, forms))) if forms else None


def spellings(secret: str) -> Iterable[str]:
    """A secret as it may appear: raw, escaped, URL-quoted, hex, and base64 at any offset."""
    if len(secret) < SHORTEST:
        return
    yield secret
    yield from (line for line in secret.splitlines() if len(line) >= _LONG_LINE)
    for derived in _derived(secret):
        if len(derived) >= _SHORTEST_DERIVED:
            yield derived


def _derived(secret: str) -> Iterator[str]:
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]
    yield repr(secret)[1:-1]
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    raw = secret.encode(errors="surrogatepass")
    yield raw.hex()
    yield raw.hex().upper()
    for offset in range(3):
        # Within a longer text (user:password), base64 spells it in one of three ways; the
        # letters at both ends also depend on the neighbours and are left out.
        coded = base64.b64encode(bytes(offset) + raw).decode()
        first = (offset * 8 + 5) // 6
        last = (offset + len(raw)) * 8 // 6
        for text in (coded, coded.translate(str.maketrans("+/", "-_"))):
            yield text[first:last]
