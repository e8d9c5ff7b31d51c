"""One JSON line per event on stdout, for our own code and for the libraries alike."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from reel_observability.metrics import counter
from reel_observability.redaction import may_hold_secret, redact

TIMESTAMP: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)
OWN: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    TIMESTAMP,
    structlog.processors.StackInfoRenderer(),
)
FOREIGN: Final[tuple[Processor, ...]] = (
    *OWN,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
)
CHATTY: Final = (
    "httpx",
    "httpcore",
    "aiohttp",
    "boto3",
    "botocore",
    "aiobotocore",
    "urllib3",
    "watchfiles",
)
"""Libraries whose INFO lines name every request, with its URL, or every change of a file."""
REPLACED: Final = ("uvicorn.access", "sqlalchemy.engine", "alembic.runtime.plugins")
"""Loggers that say what one of our own lines says better."""


PLAIN: Final = json.JSONEncoder(ensure_ascii=False)
ANY: Final = json.JSONEncoder(ensure_ascii=False, default=str)
"""Made once: `json.dumps` with options makes one for every line."""
LOST: Final = counter("log_lines_lost_total", "Lines that standard output did not take.")


class _Lines:
    """Writes finished lines of one of our own loggers, between those of the libraries.

    As in the standard library, what is logged does not fail because its line cannot be written.
    """

    def __init__(self, name: str, handler: "logging.StreamHandler[TextIO]") -> None:
        self.name = name
        self._stream = handler.stream
        self._lock = handler.lock or threading.RLock()

    def msg(self, line: str) -> None:
        with self._lock:
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except (OSError, ValueError):  # nobody reads any more; the stream was closed
                LOST.inc()

    debug = info = warning = error = critical = exception = msg


def configure(service: str, level: str, *, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging out as JSON; may be called again.

    Timestamps are ISO 8601 in UTC; context bound by `unit_of_work` is merged in; secrets and signed
    URLs are masked, in tracebacks too.

    Args:
        service: Value of the `service` field on every line.
        level: debug, info, warning, error or critical; other names are a ValueError.
        stream: Where the lines go; stdout by default.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_formatter(service))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    _tame_libraries()
    structlog.configure(
        processors=[*OWN, *_last(service)],
        logger_factory=_factory(handler),
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=False,  # loggers made at import follow a later configure()
    )


def _factory(handler: "logging.StreamHandler[TextIO]") -> Callable[..., _Lines]:
    """Our own lines take no way through `logging`: a busy service would spend a tenth on it."""

    @cache
    def named(name: str = "root") -> _Lines:
        return _Lines(name, handler)

    return named


def _formatter(service: str) -> structlog.stdlib.ProcessorFormatter:
    """Format what the libraries log."""
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=FOREIGN, processors=[meta, *_last(service)]
    )


def _last(service: str) -> tuple[Processor, ...]:
    def name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"service": service, **event}

    return (structlog.processors.format_exc_info, name_service, _render)


def _render(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """Write JSON, redacted; one look at the whole line tells of most that there is no need."""
    try:
        line = PLAIN.encode(event)
    except TypeError:  # bytes, paths, errors, …: redaction makes text of them
        return ANY.encode(redact(logger, method, event))
    return ANY.encode(redact(logger, method, event)) if may_hold_secret(line) else line


def _tame_libraries() -> None:
    logging.captureWarnings(capture=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in REPLACED:
        logging.getLogger(name).setLevel(logging.ERROR)
