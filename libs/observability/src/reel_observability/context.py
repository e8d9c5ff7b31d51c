"""Log context bound once per unit of work."""

from collections.abc import Generator
from contextlib import contextmanager

import structlog


@contextmanager
def unit_of_work(name: str, **ids: object) -> Generator[None]:
    """Bind `work=name` and `ids` to every log line of the block, in this task and its children."""
    with structlog.contextvars.bound_contextvars(work=name, **ids):
        yield
