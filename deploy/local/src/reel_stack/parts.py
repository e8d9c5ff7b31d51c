"""A part of the stack: one program, how it starts, how it shows that it is ready, how it ends."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

Probe = Callable[[], Awaitable[bool]]
"""Answers whether a part serves; false or a connection error means not yet."""

EXIT_MARGIN_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the supervisor needs to know about one program.

    A service is restarted when it ends, as a container scheduler would do; a server that ends takes
    the stack down, since nothing works without it (unless the stack is told to restart it as well).
    `settings_file` is laid over `env` at every start.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    settings_file: Path | None = None
    ready: Probe | None = None
    is_service: bool = False
    unprivileged: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    stop_s: float = 10.0
