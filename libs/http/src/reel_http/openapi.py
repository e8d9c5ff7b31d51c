"""OpenAPI 3.1 that tells the truth: problem answers and security on every operation."""

from http import HTTPStatus
from inspect import getclosurevars
from typing import Any, Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, ScalarRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import ReceiveRoutePlugin
from litestar.router import Router
from litestar.routes import BaseRoute, HTTPRoute

from reel_contracts.problems import Problem
from reel_http.auth import NO_AUTH
from reel_http.idempotency import IDEMPOTENT, IdempotentOperation
from reel_http.openapi_document import DocumentConfig
from reel_http.problem_details import MEDIA_TYPE

SCHEMA_PATH: Final = "/schema"
BEARER: Final = "bearer"
NONE: Final[frozenset[int]] = frozenset()
SCALAR_VERSION: Final = "1.44.20"


def openapi_config(*, title: str, version: str, description: str | None) -> DocumentConfig:
    """Serve `/schema/openapi.json`, Scalar at `/schema` and Swagger UI at `/schema/swagger`."""
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return DocumentConfig(
        title=title,
        version=version,
        description=description,
        use_handler_docstrings=True,
        components=Components(security_schemes={BEARER: bearer}),
        render_plugins=[
            ScalarRenderPlugin(version=SCALAR_VERSION, path=["/", "/scalar"]),
            SwaggerRenderPlugin(),
            JsonRenderPlugin(),
        ],
        openapi_router=Router(
            SCHEMA_PATH,
            route_handlers=[],
            opt={NO_AUTH: True},
            after_request=_not_found,
            include_in_schema=False,
        ),
    )


async def _not_found(response: Response[Any]) -> Response[Any]:
    # Litestar answers unknown paths below /schema with a page of its own.
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NotFoundException
    return response


def problem_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe problem answers of an operation, for a handler's `responses`."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in statuses
    }


class ProblemResponsesPlugin(ReceiveRoutePlugin):
    """Adds to each documented operation the problems the framework itself may answer with.

    What a use case refuses (404, 409, …) the handler declares itself with `problem_responses`.
    """

    def __init__(self, *, authenticated: bool, public_paths: tuple[str, ...]) -> None:
        self._authenticated = authenticated
        self._public_paths = public_paths

    def receive_route(self, route: BaseRoute) -> None:
        if isinstance(route, HTTPRoute):
            _complete_options(route)
            for handler, _ in route.route_handler_map.values():
                self._describe(route, handler)

    def _describe(self, route: HTTPRoute, handler: HTTPRouteHandler) -> None:
        if not handler.resolve_include_in_schema():
            return
        needs_token = self._needs_token(route, handler)
        has_body = "data" in handler.parsed_fn_signature.parameters
        statuses = {400, 422, 500, 503} | ({413, 415} if has_body else NONE)
        if handler.opt.get(IDEMPOTENT):
            handler.operation_class = IdempotentOperation
            statuses |= {409}
        statuses |= ({401, 429} if needs_token else NONE) | (
            {404} if route.path_parameters else NONE
        )
        handler.responses = {**problem_responses(*sorted(statuses)), **(handler.responses or {})}
        if needs_token:
            handler.security = [*(handler.security or []), {BEARER: []}]

    def _needs_token(self, route: HTTPRoute, handler: HTTPRouteHandler) -> bool:
        is_public = handler.opt.get(NO_AUTH) or route.path.startswith(self._public_paths)
        return self._authenticated and not is_public


def _complete_options(route: HTTPRoute) -> None:
    # A Controller's handlers are registered one by one, and Litestar answers OPTIONS from the route
    # of the first, which knows no method but its own.
    handler, _ = route.route_handler_map["OPTIONS"]
    first: HTTPRoute = getclosurevars(handler.fn).nonlocals["self"]
    first.methods |= route.methods
