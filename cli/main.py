"""The program: parse, choose, run, and turn every outcome into an exit status.

The one rule: an error reaches the terminal as one sentence that says what to do; a traceback
with locals never does.
"""

import sys
from argparse import Namespace
from collections.abc import Coroutine, Sequence
from typing import Any

from cli.parser import parse

CORRUPT = 70
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `quarterdeck`; the exit status is the answer."""
    args = parse(arguments)
    try:
        status = _run(args)
        _flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _unread()
    except BaseException as error:  # noqa: BLE001 - boundary: every outcome is an exit status
        return _failed(error, args)
    return status


def _run(args: Namespace) -> int:
    if args.kill is not None:
        from cli.killing import kill  # noqa: PLC0415 - nothing else is loaded for it

        return _in_a_loop(kill(args))
    if args.command:
        from cli.commands.dispatch import dispatch  # noqa: PLC0415 - as above

        return dispatch(args)
    if args.daemon:
        from cli.daemon import daemon  # noqa: PLC0415 - as above

        return _in_a_loop(daemon(args))
    from cli.console import console  # noqa: PLC0415 - as above

    return console(args)


def _in_a_loop(work: Coroutine[Any, Any, int]) -> int:
    import asyncio  # noqa: PLC0415 - `--help` needs none

    return asyncio.run(work)


def _failed(error: BaseException, args: Namespace) -> int:
    """Say what went wrong; anything that is not one of the five families is a bug."""
    from cli.render import complain  # noqa: PLC0415 - `--help` needs none
    from domain.errors import DeskError  # noqa: PLC0415 - as above

    first = _leaf(error, DeskError)
    if isinstance(first, DeskError):
        if args.json:
            from cli.render import as_json, say  # noqa: PLC0415 - as above

            told = {key: str(value) for key, value in vars(first).items()}
            say(as_json({"error": {"family": type(first).__name__, **told}}))
        remedy = getattr(first, "remedy", "")
        complain(f"quarterdeck: {first}" + (f"\n  {remedy}" if remedy else ""))
        return first.exit_status
    if isinstance(first, SystemExit):
        raise first
    where = _where(first)
    complain(f"quarterdeck: a bug: {type(first).__name__} at {where}: {first}")
    complain("Please report it; the log of the book has more. Nothing was sent twice.")
    return CORRUPT


def _flush() -> None:
    """What was answered is with its reader, or it is told that it is not."""
    from cli.render import answering  # noqa: PLC0415 - `--help` needs none

    with answering():
        sys.stdout.flush()


def _unread() -> int:
    """The reader of our answer has seen enough: that is no failure of ours."""
    from cli.render import nobody_reads  # noqa: PLC0415 - `--help` needs none

    nobody_reads(sys.stdout)
    return 0


def _leaf(error: BaseException, wanted: type[BaseException]) -> BaseException:
    """The error inside groups that matters most: one of ours, else the first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_leaf(inner, wanted) for inner in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, wanted)), leaves[0])


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


if __name__ == "__main__":
    sys.exit(main())
