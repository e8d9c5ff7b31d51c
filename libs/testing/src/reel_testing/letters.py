"""Messages for tests of the outbox, and destinations that note what they get."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID, uuid4

from reel_contracts.base import Message
from reel_db.outbox import OutboxRow, PgOutbox, channel
from reel_db.pool import Pool, transaction
from reel_kernel.effects import Effect
from reel_messaging.relay import Relay
from reel_messaging.retry import RetryPolicy

WAIT_S: Final = 20
NEVER_POLL_S: Final = 600
CHANNEL: Final = channel("letters")
AT_ONCE: Final = RetryPolicy(base_s=0.01, max_s=0.01)


class Letter(Message, frozen=True, kw_only=True, tag_field="type", tag="Letter.v1"):
    """A message that says nothing but its number."""

    number: int


async def post(pool: Pool, *numbers: int, key: UUID | None = None, to: str = "inbox") -> UUID:
    """Commit letters to the outbox, under one key, and return the key."""
    key = key or uuid4()
    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        await PgOutbox(connection).add(to, key, *(Letter(number=number) for number in numbers))
    return key


def number_of(row: OutboxRow) -> int:
    """Return which letter a row holds."""
    return int(row.body.decode().rsplit(":", 1)[1].rstrip("}"))


@dataclass
class Mailbox:
    """A destination; `before` may refuse or delay a letter before it is noted."""

    before: Callable[[OutboxRow], Awaitable[None]] | None = None
    rows: list[OutboxRow] = field(default_factory=list[OutboxRow])
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def deliver(self, row: OutboxRow) -> None:
        if self.before:
            await self.before(row)
        async with self._more:
            self.rows.append(row)
            self._more.notify_all()

    async def until(self, count: int) -> list[int]:
        """Wait until `count` letters are in; return the numbers in order of arrival."""
        async with asyncio.timeout(WAIT_S), self._more:
            await self._more.wait_for(lambda: len(self.rows) >= count)
        return [number_of(row) for row in self.rows]


@asynccontextmanager
async def relaying(pool: Pool, mailbox: Mailbox, **options: object) -> AsyncGenerator[None]:
    """Relay to `mailbox` while the block runs; the poll cannot be what wakes it."""
    chosen = cast("dict[str, Any]", {"policy": AT_ONCE, "poll_s": NEVER_POLL_S, **options})
    relay = Relay(pool, channel=CHANNEL, deliver={"inbox": mailbox.deliver}, **chosen)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(relay.run())
        yield
        task.cancel()
