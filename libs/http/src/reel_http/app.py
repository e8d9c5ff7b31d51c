"""The Litestar application of a service: same manners everywhere."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final, cast

from litestar import Litestar
from litestar.di import Provide
from litestar.middleware import ASGIMiddleware, DefineMiddleware
from litestar.types import (
    ControllerRouterHandler,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Receive,
    Scope,
    Send,
)

from reel_http.auth import JwtAuth, JwtMiddleware, Owner
from reel_http.fair_use import FairUseMiddleware, RequestRate, TokenBuckets
from reel_http.health import Check, health_routes
from reel_http.idempotency import IdempotencyMiddleware
from reel_http.metrics import metrics_route
from reel_http.openapi import ProblemResponsesPlugin, openapi_config
from reel_http.problem_details import exception_handlers
from reel_http.request import ServiceRequest
from reel_http.request_context import Handler, in_request_context
from reel_http.shortcut import Shortcut, ShortWay
from reel_kernel.errors import DomainError
from reel_kernel.idempotency import KeyLedger
from reel_observability.metrics import Sample

MAX_BODY_BYTES: Final = 1024 * 1024
WEBHOOKS: Final = "/api/webhooks/"
"""Below this path a request is authenticated by its signature, not by a JWT."""

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


class ServiceApp(Litestar):
    """Litestar, with the request context around everything, unknown routes included.

    `short_way` is asked before Litestar is.
    """

    short_way: ShortWay | None = None

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        if scope["type"] == "http":
            handle = cast("Handler", super().__call__)
            if self.short_way:
                handle = partial(self.short_way.handle, handle)
            await in_request_context(handle, scope, cast("Receive", receive), cast("Send", send))
        else:
            await super().__call__(scope, receive, send)


def service_app(
    *,
    title: str,
    controllers: Sequence[ControllerRouterHandler] = (),
    dependencies: Mapping[str, Provide] | None = None,
    problems: Mapping[type[DomainError], int] | None = None,
    auth: JwtAuth | None = None,
    rate: RequestRate | None = None,
    keys: KeyLedger | None = None,
    shortcut: Shortcut | None = None,
    health: Mapping[str, Check] | None = None,
    samples: Sequence[Sample] = (),
    lifespan: Sequence[Lifespan] = (),
    version: str = "1.0.0",
    description: str | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> ServiceApp:
    """Build the app of a service.

    Every failure is a problem document. Every route but health, `/metrics`, `/schema` and
    `/api/webhooks/` needs a JWT when `auth` is given; handlers then may take
    `owner: NamedDependency[Owner]` or read `request.user`. Bodies longer than `max_body_bytes`
    are refused with 413.

    Args:
        title: Heading of the OpenAPI document.
        controllers: The routes.
        dependencies: Litestar providers by name.
        problems: HTTP status of each domain error.
        auth: How tokens are checked; None for a service without public routes.
        rate: Share of each owner; None for no limit.
        keys: Where the keys of handlers with `opt={IDEMPOTENT: True}` are kept.
        shortcut: What is answered before all else, when `auth` is given.
        health: Readiness checks by name.
        samples: Set gauges before `/metrics` is answered.
        lifespan: Context managers entered at start-up and left at shutdown.
        version: Version of the API.
        description: Markdown for the head of the OpenAPI document.
        max_body_bytes: Longest request body.
    """
    document = openapi_config(title=title, version=version, description=description)
    buckets = TokenBuckets(rate) if rate else None
    app = ServiceApp(
        route_handlers=[*health_routes(health or {}), metrics_route(samples), *controllers],
        dependencies={"owner": Provide(_owner, sync_to_thread=False), **(dependencies or {})},
        exception_handlers=exception_handlers(problems or {}),
        middleware=_middleware(auth, buckets, keys),
        lifespan=list(lifespan),
        logging_config=None,
        openapi_config=document,
        plugins=[
            document.structs,
            ProblemResponsesPlugin(authenticated=auth is not None, public_paths=(WEBHOOKS,)),
        ],
        request_class=ServiceRequest,
        request_max_body_size=max_body_bytes,
        debug=False,
    )
    if auth and shortcut:
        app.short_way = ShortWay(shortcut, auth, buckets)
    return app


def worker_app(
    *, title: str, health: Mapping[str, Check], samples: Sequence[Sample] = ()
) -> ServiceApp:
    """Build the app of a process without an API: health and metrics, for the inside alone."""
    return service_app(
        title=title,
        description="Internal: health and metrics only.",
        health=health,
        samples=samples,
    )


def _middleware(
    auth: JwtAuth | None, buckets: TokenBuckets | None, keys: KeyLedger | None
) -> list[DefineMiddleware | ASGIMiddleware]:
    if auth is None:
        return []
    stack: list[DefineMiddleware | ASGIMiddleware] = [
        DefineMiddleware(JwtMiddleware, auth=auth, exclude=[f"^{WEBHOOKS}"])
    ]
    if buckets is not None:  # an empty one counts as false
        stack.append(FairUseMiddleware(buckets))
    if keys:
        stack.append(IdempotencyMiddleware(keys))
    return stack


def _owner(request: ServiceRequest) -> Owner:
    return request.user
