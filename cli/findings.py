"""What a check found, as a person and as a program read it.

The one rule: what must be mended says how, and makes the exit status 78.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cli.render import as_json, say

NOT_WELL = 78


class Finding(NamedTuple):
    """One check: `ok`, `warn` or `fail`, what was looked at, what was found, what to do."""

    state: str
    what: str
    found: str
    remedy: str = ""


def tell(found: Sequence[Finding], *, json: bool) -> int:
    """Say all of them; the exit status is 78 when something must be mended."""
    if json:
        say(as_json([finding._asdict() for finding in found]))
    else:
        for finding in found:
            sign = {"ok": "✓", "warn": "!", "fail": "✗"}[finding.state]
            say(f"{sign} {finding.what}: {finding.found}")
            if finding.remedy:
                say(f"    {finding.remedy}")
    return NOT_WELL if any(finding.state == "fail" for finding in found) else 0
