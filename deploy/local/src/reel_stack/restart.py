"""Starting services of a running stack again, one after another, each until it serves."""

import signal
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import httpx
import psutil

from reel_stack import stackfile
from reel_stack.errors import StackError
from reel_stack.layout import Layout
from reel_stack.ports import LOOPBACK
from reel_stack.topology import SERVICES

RESTART_S: Final = 90.0
LOOK_EVERY_S: Final = 0.05
PROBE_TIMEOUT_S: Final = 3.0
READY: Final = "/readyz"


def services(layout: Layout) -> dict[str, int]:
    """Process ids of the services, by name of the part. Raises StackError: no stack runs."""
    stack = stackfile.read(layout.stackfile)
    if stack is None:
        raise StackError(f"no stack runs on {layout.var}")
    keys = {service.key for service in SERVICES}
    return {name: pid for name, pid in stack.pids.items() if name.partition("-")[0] in keys}


def restart(layout: Layout, name: str) -> None:
    """Ask one service to end, as a deployment does, and wait until its successor is ready.

    Raises:
        StackError: there is no such service, or it was not ready within 90 s.
    """
    running = services(layout)
    if name not in running:
        raise StackError(f"no service {name}; there are: {', '.join(running)}")
    psutil.Process(running[name]).send_signal(signal.SIGTERM)
    deadline = time.monotonic() + RESTART_S
    while not _is_ready(services(layout).get(name), former=running[name]):
        if time.monotonic() > deadline:
            raise StackError(f"{name} was not ready within {RESTART_S:.0f} s: see its log")
        time.sleep(LOOK_EVERY_S)


def _is_ready(pid: int | None, *, former: int) -> bool:
    return pid not in {None, former} and any(map(_answers, _ports(pid or former)))


def _ports(pid: int) -> Iterator[int]:
    """Where the process listens, or one below it: stack.json may still name its reaper."""
    try:
        process = psutil.Process(pid)
        for each in (process, *process.children()):
            open_ = each.net_connections("tcp4")
            yield from (one.laddr.port for one in open_ if one.status == psutil.CONN_LISTEN)
    except psutil.NoSuchProcess:
        return


def _answers(port: int) -> bool:
    url = f"http://{LOOPBACK}:{port}{READY}"
    try:
        answer = httpx.get(url, timeout=PROBE_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == HTTPStatus.OK
