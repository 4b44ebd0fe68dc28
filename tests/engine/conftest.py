"""The fixtures of the engine's tests over the wire."""

from tests.engine.wire_rig import site, sites, unpaced

__all__ = ["site", "sites", "unpaced"]
