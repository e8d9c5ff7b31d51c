"""Becomes a program that the kernel kills with its parent: `launch.py PARENT PROGRAM ARGUMENT…`.

FFmpeg in a process group of its own would outlive a worker killed with SIGKILL for as long as it
hangs. The standard library alone, run with `-I -S`, so that it costs a few milliseconds.
"""

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
GONE: Final = 1


def main(argv: list[str]) -> None:
    """Ask for SIGKILL at the parent's death (prctl(2)), then exec. argv[0] is the parent's pid."""
    parent = int(argv[0])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before we asked
        sys.exit(GONE)
    os.execv(argv[1], argv[1:])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
