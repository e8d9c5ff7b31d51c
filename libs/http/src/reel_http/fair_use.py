"""So many requests a second an owner may make of one process, and so many at once."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from reel_http.auth import Owner
from reel_kernel.errors import DomainError

PRUNE_AT_LEAST: Final = 1024
_TAKEN: Final = "fair_use_taken"


class TooManyRequests(DomainError):
    """The owner asks faster than their share; `Retry-After` says when there is room again."""

    code = "too-many-requests"
    title = "Too many requests"

    def __init__(self, wait_s: float) -> None:
        super().__init__("You are asking faster than your share; slow down")
        self.retry_after_s = max(1, math.ceil(wait_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRate:
    """`per_s` requests a second for long, `burst` of them at once."""

    per_s: float
    burst: int


def request_rate(per_s: float, burst: int) -> RequestRate | None:
    """Read a pair of settings; 0 requests a second mean no limit."""
    return RequestRate(per_s=per_s, burst=burst) if per_s else None


class TokenBuckets:
    """A bucket of tokens for each owner, kept as the one instant at which it is full again.

    That is the generic cell rate algorithm (ITU-T I.371): exact, and without a timer. An owner
    whose bucket is full is forgotten, so memory follows the owners that are active.
    """

    def __init__(self, rate: RequestRate, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / rate.per_s
        self._depth_s = rate.burst * self._interval_s
        self._clock = clock
        self._full_at: dict[UUID, float] = {}
        self._prune_at = PRUNE_AT_LEAST

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, owner_id: UUID) -> float:
        """Take a token and return 0, or return after how many seconds there will be one."""
        now = self._clock()
        full_at = max(self._full_at.get(owner_id, now), now) + self._interval_s
        wait_s = full_at - now - self._depth_s
        if wait_s > self._interval_s * 1e-6:  # not a rounding error
            return wait_s
        self._full_at[owner_id] = full_at
        if len(self._full_at) >= self._prune_at:
            self._forget_full(now)
        return 0

    def _forget_full(self, now: float) -> None:
        self._full_at = {owner: at for owner, at in self._full_at.items() if at > now}
        self._prune_at = max(PRUNE_AT_LEAST, 2 * len(self._full_at))


def note_taken(scope: Scope) -> None:
    """Say that this request has its token already."""
    scope["state"][_TAKEN] = True


class FairUseMiddleware(ASGIMiddleware):
    """Behind authentication: requests without an owner (health, webhooks) are not counted."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, buckets: TokenBuckets) -> None:
        self._buckets = buckets

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        known = cast("dict[str, Any]", scope)
        owner = known.get("user")
        if isinstance(owner, Owner) and not known["state"].get(_TAKEN):
            wait_s = self._buckets.take(owner.id)
            if wait_s:
                raise TooManyRequests(wait_s)
        await next_app(scope, receive, send)
