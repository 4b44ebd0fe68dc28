"""What a process that holds keys does to itself: no core dumps, no tracing by others.

The one rule: it costs nothing and is done before a key is read (reliability 56).
"""

import contextlib
import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4  # prctl(2)


def harden() -> None:
    """Forbid core files and, on Linux, other processes' eyes on our memory and environment."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
