"""Errors on the wire: RFC 9457 problem details, `application/problem+json`."""

from msgspec import UNSET, UnsetType

from reel_contracts.base import Message


class FieldProblem(Message, frozen=True, kw_only=True, omit_defaults=True):
    """`field` is the camelCase path as sent (`parts[0].etag`); `code` is stable."""

    field: str
    message: str
    code: str | None = None


class Problem(Message, frozen=True, kw_only=True):
    """Every error answer. `type` is `/problems/<code>`; further members depend on the code."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | UnsetType = UNSET
    instance: str | UnsetType = UNSET
    errors: list[FieldProblem] | UnsetType = UNSET
