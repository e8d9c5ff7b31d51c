"""The parent of one part, so that nothing of the part outlives it or the runner.

    python -I -S reaper.py --parent PID --stop-signal N --stop-s S
        [--user UID:GID] [--hold FD] -- COMMAND...

It is a child subreaper (prctl(2)): descendants whose parents end become its children, even those
that moved to another session, as Swift's servers and PostgreSQL's back-ends do. It ends the part
when it gets SIGTERM, which it also gets from the kernel when the runner dies; whatever is left when
the part has ended is killed. It exits with the part's status. Should the reaper itself be killed,
the kernel kills the part.

Standard library alone: it runs once a part, so it starts in about 20 ms and stays small.
"""

import argparse
import ctypes
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CANNOT_EXECUTE = 127
WATCHED = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


def prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with(parent: int, signum: int) -> None:
    """Ask the kernel for signum when the parent dies; exit if it is dead already."""
    prctl(PR_SET_PDEATHSIG, signum)
    if os.getppid() != parent:
        sys.exit(1)


def start(argv: list[str], user: str | None) -> int:
    """Fork the part into a session of its own. Gives its process id."""
    reaper = os.getpid()
    child = os.fork()
    if child:
        return child
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    if user is not None:
        uid, gid = (int(number) for number in user.split(":"))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    die_with(reaper, signal.SIGKILL)  # after the change of user, which would clear it
    try:
        os.execvp(argv[0], argv)  # noqa: S606  a shell would be one more process to reap
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(CANNOT_EXECUTE)


def collect(child: int) -> int | None:
    """Reap every child that has ended. Gives the exit status of the part once it is among them."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return os.waitstatus_to_exitcode(status)
        if pid == 0:
            return None


def supervise(child: int, stop_signal: int, stop_s: float) -> int:
    """Wait for the part to end; told to stop, send its signal and SIGKILL stop_s later."""
    deadline = None
    while (status := collect(child)) is None:
        left = 3600.0 if deadline is None else deadline - time.monotonic()
        info = signal.sigtimedwait(WATCHED, max(left, 0.05))
        if deadline is None and info is not None and info.si_signo != signal.SIGCHLD:
            deadline = time.monotonic() + stop_s
            os.kill(child, stop_signal)
        elif deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
    return status


def children(parent: int) -> Iterator[int]:
    """The processes whose parent is this one, by proc(5)."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_bytes().rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            yield int(process.name)


def sweep() -> None:
    """Kill and reap what is left of the part; orphans of the killed become ours in turn."""
    while True:
        for pid in children(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--stop-signal", type=int, required=True)
    parser.add_argument("--stop-s", type=float, required=True)
    parser.add_argument("--user")
    parser.add_argument("--hold", type=int)
    parser.add_argument("argv", nargs="+")
    options = parser.parse_args()
    if options.hold is not None:
        fcntl.fcntl(options.hold, fcntl.F_SETFD, fcntl.FD_CLOEXEC)  # ours to hold, not the part's
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    die_with(options.parent, signal.SIGTERM)
    child = start(options.argv, options.user)
    status = supervise(child, options.stop_signal, options.stop_s)
    sweep()
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
