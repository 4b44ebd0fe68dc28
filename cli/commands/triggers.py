"""triggers: what would halt the desk by itself, what each sees now, and when it last did."""

from argparse import Namespace

from cli.render import as_json, moment, say, table
from domain.ports import Desk
from domain.triggers import ReadTriggers, TriggerView


async def triggers(desk: Desk, args: Namespace) -> int:
    """Every automatic trigger with its present value and its limit."""
    views = await desk.ask(ReadTriggers())
    if args.json:
        say(as_json(list(views)))
        return 0
    heads = ("TRIGGER", "LEVEL", "STATE", "NOW", "LIMIT", "LAST TRIP")
    rows = [
        (view.name, view.level.name, _state(view), view.value, view.limit, _fired(view))
        for view in views
    ]
    say(table(heads, rows))
    return 0


def _state(view: TriggerView) -> str:
    if view.holds:
        return f"HOLDS over {', '.join(view.holds)}"
    return "on" if view.on else "off"


def _fired(view: TriggerView) -> str:
    return f"{moment(view.fired_us)} {view.fired_scope}" if view.fired_us else "-"
