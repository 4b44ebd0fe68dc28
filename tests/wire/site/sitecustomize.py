"""Python runs this at the start of every child: redirect it as its parent was."""

import os

if os.environ.get("WIRE_ROUTES"):
    from tests.wire.redirect import install, routes_from

    install(routes_from(os.environ))
