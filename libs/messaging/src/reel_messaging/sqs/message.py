"""What a consumer's handler gets, and what it may answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

MAX_VISIBILITY_S: Final = 12 * 3600
Extend = Callable[[int], Awaitable[None]]


async def _not_on_a_queue(seconds: int) -> None:
    raise RuntimeError(f"Not received from a queue: nothing to extend by {seconds} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsMessage:
    """One receive of one message.

    `id` is the sender's own id (the outbox row's) where there is one, else SQS's: the same in every
    repeat. `receive_count` starts at 1.
    """

    id: str
    body: bytes
    receive_count: int
    receipt: str = ""
    extend_by: Extend = _not_on_a_queue

    async def extend(self, seconds: int) -> None:
        """Keep the message hidden for `seconds` from now; the consumer's heartbeat does so anyway.

        Raises:
            Exception: one of `SQS_ERRORS`.
        """
        await self.extend_by(min(seconds, MAX_VISIBILITY_S))


@dataclass(frozen=True, slots=True)
class Ack:
    """Done, or nothing to do: delete it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Hand it out again in `after_s` (0 to 12 h)."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Dead:
    """It can never be handled: move it to the dead-letter queue, with the reason."""

    reason: str


Outcome = Ack | Retry | Dead
