"""A runner in the background: how it is started, and how its starter learns that it is ready."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from reel_stack.errors import StackError
from reel_stack.layout import Layout
from reel_stack.process import tail

RUNNER_LOG: Final = "stack"
READY: Final = b"ready"
STOP_S: Final = 60.0


def start(layout: Layout, arguments: Sequence[str]) -> None:
    """Start `reel-stack up` in the background and return once everything serves.

    Its progress goes to the log `stack`. Raises StackError if it ends before it is ready.
    """
    layout.prepare()
    path = layout.log_of(RUNNER_LOG)
    path.unlink(missing_ok=True)
    reading, writing = os.pipe()
    command = (sys.executable, "-m", "reel_stack", "up", *arguments, "--ready-fd", str(writing))
    with path.open("wb") as log:
        runner = subprocess.Popen(  # noqa: S603  our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(writing,),
        )
    os.close(writing)
    try:
        _await_ready(reading, layout)
    except KeyboardInterrupt:
        runner.send_signal(signal.SIGTERM)
        runner.wait(STOP_S)
        raise
    runner.returncode = 0  # it goes on without us


def _await_ready(reading: int, layout: Layout) -> None:
    with os.fdopen(reading, "rb") as pipe:
        if pipe.read() != READY:
            raise StackError(f"the stack did not start:\n{tail(layout.log_of(RUNNER_LOG))}")


def announce(descriptor: int) -> None:
    """Tell the starter that the stack is ready."""
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(READY)
