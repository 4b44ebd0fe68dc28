"""The commands about what stops the desk by itself, and about trying the brake."""

import argparse

from cli.arguments import Commands, Parser, command, count


def add_drill(commands: "Commands[Parser]") -> None:
    """`triggers` and `drill`."""
    command(
        commands,
        "triggers",
        "what halts the desk by itself: each trigger's value, limit and last trip",
    )
    drill = command(commands, "drill", "try the kill switch on canaries, and see how fast it was")
    actions = drill.add_subparsers(dest="action", metavar="ACTION", required=True)
    tried = command(
        actions,
        "kill",
        "place one smallest order an account, halt only these, prove it, release (second factor)",
        more="The halt is over STRATEGY:drill: no other order is touched. Exit status 75 when it "
        "was not proven; the halt stays then.",
    )
    tried.add_argument("--venue", default="", help="only at this venue")
    tried.add_argument(
        "--live-canaries", action="store_true", help="in LIVE: yes, place real orders for it"
    )
    tried.add_argument(
        "--keep-halted", action="store_true", help="do not release STRATEGY:drill afterwards"
    )
    tried.add_argument(
        "--code",
        default=argparse.SUPPRESS,
        help="second-factor or recovery code for the release; `-` reads it from standard input; "
        "without this it is asked for",
    )
    command(actions, "status", "when the last proven drill was, and how the newest went")
    past = command(actions, "history", "the newest drills with the time of each stage")
    past.add_argument("--limit", type=count, default=20, metavar="N", help="how many (20)")
