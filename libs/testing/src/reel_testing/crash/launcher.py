"""Runs a module of a service so that it can be ordered to die: `launcher.py MODULE [ARGUMENT]…`.

An order is a file `crash/SERVICE/EFFECT` below the working directory, which is the stack's state
directory. The process that brings the effect about takes the order, by adding its own id to the
name, and kills itself; whoever is started in its place finds none. `crash/settings.json` holds
settings for the services.

This is no part of what a service is made of: production has nothing that reads an order.
"""

import json
import os
import runpy
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Final

from reel_kernel.effects import Effect
from reel_observability.effects import heard_by

ORDERS: Final = Path("crash")
SETTINGS: Final = "settings.json"


def main() -> None:
    _, module, *arguments = sys.argv
    service = module.partition("_")[0]
    os.environ.update(_settings(service))  # noqa: TID251 - before the service reads it
    sys.argv = [module, *arguments]
    with heard_by(partial(obey, ORDERS.resolve() / service)):
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def obey(orders: Path, effect: Effect) -> None:
    """Die at once if that was ordered."""
    order = orders / effect
    try:
        order.rename(order.with_name(f"{order.name}.{os.getpid()}"))  # of several one succeeds
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _settings(service: str) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((ORDERS / SETTINGS).read_bytes())
    except FileNotFoundError:
        return {}
    return {name: value for name, value in found.items() if name.startswith(f"{service.upper()}_")}


if __name__ == "__main__":
    main()
