"""Root of every failure a caller is expected to handle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

NO_EXTRA: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing wrong with one field of a request.

    `field` is the camelCase path as the client sent it (`parts[0].etag`); `code` is stable,
    `message` is for people.
    """

    field: str
    code: str
    message: str


class DomainError(Exception):
    """A rule of the domain was broken.

    `code` is stable and public (RFC 9457 `type` is `/problems/<code>`); `errors` names the fields
    at fault; `extra` holds further problem members, already in camelCase and JSON-encodable.
    `retry_after_s` is given where the same request may be answered otherwise after so long.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    retry_after_s: int | None = None

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, object] = NO_EXTRA,
    ) -> None:
        super().__init__(detail or self.title)
        self.errors = tuple(errors)
        self.extra = extra


class InvalidTransition(DomainError):
    """The event is not accepted in the current state."""

    code = "invalid-transition"
    title = "Operation not allowed in the current state"


class InvalidRequest(DomainError):
    """One or more fields break a rule; `errors` lists every one of them."""

    code = "validation-error"
    title = "The request is not valid"
