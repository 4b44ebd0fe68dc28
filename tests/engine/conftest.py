"""The fixtures of the engine's tests over the wire."""

from tests.engine.wire_rig import loopback, unpaced

__all__ = ["loopback", "unpaced"]
