"""`leftovers.py FOLDER`: fails when a process that belongs to the folder still runs.

A process belongs to it by its program, its arguments or its working directory. This process and
those that started it are not meant. What is just ending gets a moment.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

PATIENCE_S = 10.0
INTERVAL_S = 0.2


def belongs(process: psutil.Process, folder: Path) -> bool:
    """Tell whether the process runs from, in or on the folder."""
    try:
        words = [process.exe(), process.cwd(), *process.cmdline()]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return any(word == str(folder) or f"{folder}/" in word for word in words)


def leftovers(folder: Path) -> Iterator[str]:
    """Yield a line for each process of the folder."""
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    for process in psutil.process_iter():
        if process.pid not in spared and belongs(process, folder):
            yield f"{process.pid} {' '.join(process.cmdline())}"


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    deadline = time.monotonic() + PATIENCE_S
    while (found := list(leftovers(folder))) and time.monotonic() < deadline:
        time.sleep(INTERVAL_S)
    for line in found:
        sys.stderr.write(f"still running: {line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
