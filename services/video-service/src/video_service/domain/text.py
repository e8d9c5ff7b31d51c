"""What a title, a description and a failure reason may hold."""

import re
from typing import Final
from unicodedata import category

from reel_kernel.errors import FieldError, InvalidRequest

MAX_TITLE_CHARS: Final = 200
MAX_DESCRIPTION_CHARS: Final = 5000
_LAYOUT: Final = frozenset("\n\r\t")
_FAIL_REASON: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def title_errors(title: str) -> tuple[FieldError, ...]:
    """Return what is wrong with a title that `trimmed` has cleaned."""
    if not title:
        return (FieldError(field="title", code="blank", message="must not be blank"),)
    if len(title) > MAX_TITLE_CHARS:
        return (_too_long("title", MAX_TITLE_CHARS),)
    return _control_characters("title", title, allowed=frozenset())


def description_errors(description: str | None) -> tuple[FieldError, ...]:
    """Return what is wrong with a description; line breaks and tabs are welcome."""
    if description is None:
        return ()
    if len(description) > MAX_DESCRIPTION_CHARS:
        return (_too_long("description", MAX_DESCRIPTION_CHARS),)
    return _control_characters("description", description, allowed=_LAYOUT)


def require_fail_reason(reason: str | None) -> str:
    """Return `reason` when it is a constant such as `TRANSCODE_ERROR`.

    The list is open on this side: a worker newer than this service may know more reasons.

    Raises:
        InvalidRequest: missing, or no constant.
    """
    if reason is not None and _FAIL_REASON.fullmatch(reason):
        return reason
    message = "is required with FAILED: an upper-case constant such as TRANSCODE_ERROR"
    raise InvalidRequest(
        errors=[FieldError(field="failReason", code="fail-reason", message=message)]
    )


def _too_long(field: str, limit: int) -> FieldError:
    return FieldError(field=field, code="too-long", message=f"must have at most {limit} characters")


def _control_characters(
    field: str, text: str, *, allowed: frozenset[str]
) -> tuple[FieldError, ...]:
    """NUL above all: PostgreSQL's text cannot hold it."""
    if all(category(char) != "Cc" or char in allowed for char in text):
        return ()
    message = "must not hold control characters"
    return (FieldError(field=field, code="control-character", message=message),)
