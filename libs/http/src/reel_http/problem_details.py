"""Every failure as RFC 9457 problem details, `application/problem+json`."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from reel_db.pool import DATABASE_ERRORS
from reel_http import fair_use, idempotency
from reel_http.request_context import request_id_of
from reel_http.validation import MalformedJson, field_error
from reel_kernel.errors import DomainError, FieldError, InvalidRequest

AnyRequest = Request[Any, Any, Any]
MEDIA_TYPE: Final = "application/problem+json"
EVERYWHERE: Final[Mapping[type[DomainError], int]] = {
    MalformedJson: 400,
    InvalidRequest: 422,
    fair_use.TooManyRequests: 429,
    **idempotency.STATUS,
}
CODES: Final[Mapping[int, str]] = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-content-type",
    429: "too-many-requests",
    503: "service-unavailable",
}
SIGNATURE: Final = 'Webhook-Signature realm="reel"'
AWAY_S: Final = 2
"""After how long a client may well ask again; a database that restarts takes about as long."""
_MISSING_PARAMETER: Final = re.compile(
    r"^Missing required (?P<kind>\w+) parameter '(?P<name>[^']+)'"
)

log = structlog.stdlib.get_logger(__name__)


def exception_handlers(
    statuses: Mapping[type[DomainError], int],
) -> dict[int | type[Exception], Any]:
    """Build the handlers of an app; `statuses` gives the HTTP status of each domain error.

    A domain error takes the status of its nearest listed ancestor. One without any, and every
    unforeseen exception, is answered as 500 `internal-error` and logged with its traceback. A
    database that is away is 503 with `Retry-After`, and logged as a warning.
    """
    table = {**EVERYWHERE, **statuses}

    def domain(request: AnyRequest, error: DomainError) -> Response[Any]:
        status = next((table[kind] for kind in type(error).__mro__ if kind in table), None)
        if status is None:
            return _internal(request, error)
        return problem(
            request,
            status=status,
            code=error.code,
            title=error.title,
            detail=str(error),
            errors=error.errors,
            extra=error.extra,
            headers={**retry_after(error), **_challenge(status)},
        )

    away = dict.fromkeys(DATABASE_ERRORS, _away)
    return {DomainError: domain, HTTPException: _http, Exception: _internal, **away}


def _challenge(status: int) -> Mapping[str, str]:
    # RFC 9110, section 11.6.1: a 401 names what it wants. Here that is a signature, no token.
    return {"WWW-Authenticate": SIGNATURE} if status == HTTPStatus.UNAUTHORIZED else {}


def retry_after(error: DomainError) -> Mapping[str, str]:
    """Return the `Retry-After` header of an error that knows one."""
    return {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}


def problem(
    request: AnyRequest,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """Build one answer; further members never replace the standard ones."""
    body: dict[str, object] = {
        **(extra or {}),
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.scope["path"],
        "requestId": request_id_of(request.scope),
    }
    if errors:
        body["errors"] = [
            {"field": error.field, "message": error.message, "code": error.code} for error in errors
        ]
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    if isinstance(error, ValidationException):
        return _invalid(request, error)
    if error.status_code not in CODES:
        return _internal(request, error)
    phrase = HTTPStatus(error.status_code).phrase
    return problem(
        request,
        status=error.status_code,
        code=CODES[error.status_code],
        title=phrase,
        detail=error.detail or phrase,
        headers=error.headers,
    )


def _invalid(request: AnyRequest, error: ValidationException) -> Response[Any]:
    faults = cast("list[dict[str, str]]", error.extra or [])
    if any(fault.get("source") == "body" for fault in faults):
        # A body that is there never gets this far: ServiceRequest.json decodes it.
        kind, status = MalformedJson, 400
        return problem(
            request, status=status, code=kind.code, title=kind.title, detail="The body is empty"
        )
    errors = [_parameter_error(request, fault) for fault in faults] or _missing_parameter(error)
    return problem(
        request,
        status=422,
        code=InvalidRequest.code,
        title=InvalidRequest.title,
        detail=InvalidRequest.title,
        errors=errors,
    )


def _parameter_error(request: AnyRequest, fault: Mapping[str, str]) -> FieldError:
    key, _, rest = fault.get("key", "").partition(".")
    parameter = request.route_handler.parsed_fn_signature.parameters.get(key)
    kwarg = parameter.kwarg_definition if parameter else None
    alias = str(getattr(kwarg, "name", None) or key)
    return field_error(fault["message"], within=f"{alias}.{rest}" if rest else alias)


def _missing_parameter(error: ValidationException) -> list[FieldError]:
    if missing := _MISSING_PARAMETER.match(error.detail):
        return [FieldError(field=missing["name"], code="missing", message="is required")]
    return []


def _away(request: AnyRequest, error: Exception) -> Response[Any]:
    log.warning("database_unavailable", error=repr(error), path=request.scope["path"])
    phrase = HTTPStatus.SERVICE_UNAVAILABLE.phrase
    return problem(
        request,
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        code=CODES[503],
        title=phrase,
        detail="The database does not answer; try again.",
        headers={"Retry-After": str(AWAY_S)},
    )


def _internal(request: AnyRequest, error: Exception) -> Response[Any]:
    log.error("request_failed", exc_info=error, method=request.method, path=request.scope["path"])
    return problem(
        request,
        status=500,
        code="internal-error",
        title="Internal error",
        detail="The request could not be served; quote requestId when asking for help.",
    )
