"""Liveness and readiness."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

import msgspec
import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec

from reel_http.auth import NO_AUTH

Check = Callable[[], Awaitable[object]]
"""Returns when the dependency answers, raises when it does not."""
CHECK_TIMEOUT_S: Final = 3.0

log = structlog.stdlib.get_logger(__name__)


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`checks` names each dependency; why one fails is in the log, not in the answer."""

    status: Literal["ready", "unavailable"]
    checks: dict[str, Literal["ok", "unavailable"]]


def health_routes(checks: Mapping[str, Check]) -> list[HTTPRouteHandler]:
    """Build `GET /healthz` (the process serves) and `GET /readyz` (its dependencies answer too)."""
    unready = ResponseSpec(
        Readiness, description="A dependency does not answer.", generate_examples=False
    )

    @get("/healthz", operation_id="healthz", opt={NO_AUTH: True}, sync_to_thread=False)
    def healthz() -> dict[str, str]:
        """Tell that the process serves."""
        return {"status": "ok"}

    @get("/readyz", operation_id="readyz", opt={NO_AUTH: True}, responses={503: unready})
    async def readyz() -> Response[Readiness]:
        """Tell whether what the process needs answers too."""
        readiness = await check_all(checks)
        return Response(readiness, status_code=200 if readiness.status == "ready" else 503)

    return [healthz, readyz]


async def check_all(checks: Mapping[str, Check]) -> Readiness:
    """Run the checks side by side, each for at most `CHECK_TIMEOUT_S`."""
    async with asyncio.TaskGroup() as group:
        running = {name: group.create_task(_passes(name, check)) for name, check in checks.items()}
    passed = {name: task.result() for name, task in running.items()}
    return Readiness(
        status="ready" if all(passed.values()) else "unavailable",
        checks={name: "ok" if good else "unavailable" for name, good in passed.items()},
    )


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever a dependency raises, it is not ready
        log.warning("readiness_check_failed", check=name, error=repr(error))
        return False
    return True
