"""One JSON line per event on stdout, for our own code and for the libraries alike."""

import json
import logging
import sys
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from reel_observability.redaction import redact

TIMESTAMP: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)
SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    TIMESTAMP,
    structlog.processors.StackInfoRenderer(),
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


ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)
"""Made once: `json.dumps` with options makes one for every line."""


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
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # loggers made at import follow a later configure()
    )


def _formatter(service: str) -> structlog.stdlib.ProcessorFormatter:
    def name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"service": service, **event}

    def render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
        return ENCODER.encode(event)

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            name_service,
            redact,
            render,
        ],
    )


def _tame_libraries() -> None:
    logging.captureWarnings(capture=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in REPLACED:
        logging.getLogger(name).setLevel(logging.ERROR)
