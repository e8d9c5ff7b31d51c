"""How the API double answers: problems, the store's errors, and repeats of a creation."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from reel_testing.api_double_state import ApiDouble, Session

Created = tuple[int, dict[str, object]]
"""Status and body; a refusal's body holds its `code`."""
Create = Callable[[web.Request], Awaitable[Created]]


async def once(double: ApiDouble, request: web.Request, create: Create) -> web.Response:
    """Answer a repeat with the same key as the first; lose the answer if the script says so."""
    key = f"{request.path} {request.headers.get('idempotency-key')}"
    if key not in double.answers:
        status, body = await create(request)
        if status != web.HTTPCreated.status_code:
            return problem(status, str(body.pop("code")), body)
        double.answers[key] = body
    if double.script.lost_answers:
        double.script.lost_answers -= 1
        if request.transport is not None:
            request.transport.abort()
    return web.json_response(double.answers[key], status=web.HTTPCreated.status_code)


def problem(
    status: int, code: str, extra: Mapping[str, object] | None = None, detail: str = "No."
) -> web.Response:
    body = {
        "type": f"/problems/{code}",
        "title": code,
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": "req-1",
        **(extra or {}),
    }
    return web.json_response(body, status=status, content_type="application/problem+json")


def s3_error(status: int, code: str) -> web.Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>"
    return web.Response(status=status, text=body, content_type="application/xml")


def state_of(session: Session) -> web.Response:
    return web.json_response({"uploadSessionId": str(session.id), "status": session.status})
