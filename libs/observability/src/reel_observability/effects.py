"""Saying what has become durable.

In production nobody listens, and `happened` is one look at a global. The crash tests start a
service through a launcher of their own, which does listen, and kills.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from reel_kernel.effects import Effect

Listener = Callable[[Effect], None]

_listeners: list[Listener] = []


@contextmanager
def heard_by(listener: Listener) -> Generator[None]:
    """Call `listener` with every effect of this process during the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def are_heard() -> bool:
    """Tell whether anybody listens: what only a listener needs is not worked out for nobody."""
    return bool(_listeners)


def happened(effect: Effect) -> None:
    """Say that `effect` is durable, before anything else becomes so."""
    for listener in _listeners:
        listener(effect)
