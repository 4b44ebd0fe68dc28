"""Run a file of golden cases and tell each by its id: `python -m tests.accounting.golden FILE`."""

import sys
from pathlib import Path

from tests.accounting.test_golden import OURS, cases_in, runner_for


def main(arguments: list[str]) -> int:
    """One line a case; 0 when all came out, 1 when one did not."""
    failed = 0
    for case in cases_in(Path(arguments[0]) if arguments else OURS):
        try:
            found = runner_for(case)(case)
        except (ValueError, LookupError, AssertionError) as error:
            found = [f"{type(error).__name__}: {error}"]
        failed += bool(found)
        sys.stdout.write(f"{case['id']}: {'; '.join(found) or 'ok'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
