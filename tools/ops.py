"""`ops.py SERVICE [ARGUMENT]…`: run a service's ops command with the running stack's settings.

    make ops SERVICE=video ARGS="dead --limit 5"
    REEL_VAR=DIRECTORY make ops …       the stack of another state directory

The settings hold passwords and are written to no file, so they are taken from the environment of
the service's own worker process, which only its user can read.
"""

import os
import sys
from pathlib import Path

from reel_stack import stackfile
from reel_stack.layout import SERVERS_VENV, VAR, VAR_VARIABLE, Layout


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment a process was started with."""
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def main() -> None:
    service, *arguments = sys.argv[1:]
    var = Path(os.getenv(VAR_VARIABLE) or VAR)
    stack = stackfile.read(Layout(var, SERVERS_VENV).stackfile)
    if stack is None or f"{service}-worker" not in stack.pids:
        sys.exit(f"no {service}-worker runs on {var}; SERVICE is video, upload or transcode")
    command = [sys.executable, "-m", f"{service}_service.ops", *arguments]
    os.execve(sys.executable, command, environment_of(stack.pids[f"{service}-worker"]))  # noqa: S606 - our own module


if __name__ == "__main__":
    main()
