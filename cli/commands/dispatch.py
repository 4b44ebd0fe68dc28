"""Which command is which function, and what each needs: the ground, or a desk on it."""

import asyncio
from argparse import Namespace
from collections.abc import Awaitable, Callable

from cli.commands import (
    accounting,
    adjusting,
    alerting,
    allocations,
    breaks,
    connection,
    control,
    doctor,
    drill,
    exporting,
    importing,
    kill,
    ledger,
    limits,
    performance,
    reading,
    secrets,
    tax,
    trading,
    triggers,
    venues,
    withdrawing,
)
from cli.desks import some_desk
from cli.ground import stand
from domain.ports import Desk

ON_A_DESK: dict[str, Callable[[Desk, Namespace], Awaitable[int]]] = {
    "status": reading.status,
    "balance": reading.balance,
    "orders": reading.orders,
    "fills": reading.fills,
    "check": trading.check,
    "order": trading.order,
    "cancel": trading.cancel,
    "withdraw": withdrawing.withdraw,
    "address": withdrawing.address,
    "arm": control.arm,
    "disarm": control.disarm,
    "kill": kill.kill,
    "limits": limits.limits,
    "triggers": triggers.triggers,
    "drill": drill.drill,
    "breaks": breaks.breaks,
    "totp": control.totp,
    "import": importing.import_history,
    "import-prices": adjusting.import_prices,
    "reconcile": adjusting.reconcile,
    "pnl": accounting.pnl,
    "nav": accounting.nav,
    "accounts": accounting.accounts,
    "lots": accounting.lots,
    "explain": accounting.explain,
    "allocations": allocations.allocations,
    "elect": allocations.elect,
    "claim": allocations.claim,
    "pull": performance.pull,
    "history": performance.history,
    "returns": performance.returns,
    "benchmark": performance.benchmark,
}
ON_THE_GROUND = {
    "alerts": alerting.alerts,
    "ledger": ledger.ledger,
    "secrets": secrets.secrets,
    "export": exporting.export,
    "tax": tax.tax,
    "test-connection": connection.test_connection,
}


def dispatch(args: Namespace) -> int:
    """Run one command to its exit status."""
    if args.command == "doctor":
        return doctor.doctor(args)
    if args.command == "venues":
        return venues.venues(args)
    if args.command == "kill" and args.activate:
        from cli import killing  # noqa: PLC0415 - only for its alias

        args.kill = args.reason or "kill --activate"
        return asyncio.run(killing.kill(args))
    return asyncio.run(_run(args))


async def _run(args: Namespace) -> int:
    ground = stand(args)
    if args.command in ON_THE_GROUND:
        return await ON_THE_GROUND[args.command](ground, args)
    async with some_desk(ground) as desk:
        return await ON_A_DESK[args.command](desk, args)
