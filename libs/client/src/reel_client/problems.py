"""Error answers → `ProblemError`, whether they are problem documents or not."""

from http import HTTPStatus
from typing import Final, cast

import httpx
import msgspec

from reel_client.errors import ProblemError
from reel_contracts.problems import FieldProblem, Problem
from reel_kernel.errors import NO_EXTRA

_STANDARD: Final = frozenset(
    name for field in msgspec.structs.fields(Problem) for name in (field.encode_name,)
)


class _Loose(msgspec.Struct, rename="camel"):
    """What we read of a problem document; all optional, so that a sparse one is still of use."""

    title: str = ""
    detail: str = ""
    code: str = ""
    type: str = ""
    request_id: str | None = None
    errors: list[FieldProblem] = msgspec.field(default_factory=list[FieldProblem])


def problem_from(response: httpx.Response) -> ProblemError:
    """Return the error an answer of 400 or more stands for; its body has been read."""
    try:
        document = msgspec.json.decode(response.content, type=_Loose)
        members = msgspec.json.decode(response.content, type=dict[str, object])
    except msgspec.MsgspecError:
        document, members = _Loose(), cast("dict[str, object]", NO_EXTRA)
    return ProblemError(
        response.status_code,
        document.code or document.type.rpartition("/problems/")[2] or _http_code(response),
        document.detail or document.title or _phrase(response),
        errors=document.errors,
        extra={name: value for name, value in members.items() if name not in _STANDARD},
        request_id=document.request_id or response.headers.get("x-request-id"),
        retry_after_s=_retry_after_s(response),
    )


def _http_code(response: httpx.Response) -> str:
    return f"http-{response.status_code}"


def _phrase(response: httpx.Response) -> str:
    try:
        phrase = HTTPStatus(response.status_code).phrase
    except ValueError:
        phrase = "unknown status"
    return f"the server answered {response.status_code} {phrase}"


def _retry_after_s(response: httpx.Response) -> float | None:
    """Read `Retry-After` in seconds; the date form (RFC 9110 10.2.3) is left to the back-off."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
