"""Moves committed outbox rows to their destinations.

Woken by NOTIFY, by the next row falling due, and every `poll_s` in case a NOTIFY was lost. A row is
leased in one short transaction, delivered outside any, and marked in another: a crash in between
means a repeat, never a loss.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from reel_db import outbox
from reel_db.outbox import OutboxRow
from reel_db.pool import DATABASE_ERRORS, Connection, Pool, transaction
from reel_kernel.effects import Effect
from reel_messaging.listen import listen
from reel_messaging.outbox_metrics import DELIVERIES
from reel_messaging.retry import RECONNECT, PermanentDeliveryError, RetryPolicy, keep_cancellation
from reel_observability.context import unit_of_work

Deliver = Callable[[OutboxRow], Awaitable[None]]
"""Returns once the destination has the message.

Raises PermanentDeliveryError when it never will; anything else is tried again.
"""
OnDelivered = Callable[[Connection, OutboxRow], Awaitable[None]]
"""Runs in the transaction that marks the row delivered: both happen, or neither."""
Write = Callable[[Connection], Awaitable[object]]

STORE_ATTEMPTS: Final = 5
HANDOVER_S: Final = 3.0
MIN_PAUSE_S: Final = 0.01
ERROR_CHARS: Final = 1000

log = structlog.stdlib.get_logger(__name__)


class Relay:
    """Delivers the outbox of one schema; several relays may run side by side.

    Args:
        pool: Pool of the schema's role. One connection is kept for LISTEN.
        channel: `reel_db.outbox.channel(schema)`.
        deliver: How to reach each destination; rows for others are left alone.
        on_delivered: Called for each delivered row, in the marking transaction.
        policy: When to repeat, and when to give up (the row is then kept, dead).
        batch: Most deliveries under way at once; never two of one (destination, key).
        lease_s: How long a claimed row stays ours; a delivery is cut off after 80 % of it.
        poll_s: Longest wait without looking at the table.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        channel: str,
        deliver: Mapping[str, Deliver],
        on_delivered: OnDelivered | None = None,
        policy: RetryPolicy | None = None,
        batch: int = 10,
        lease_s: float = 30,
        poll_s: float = 5,
    ) -> None:
        self._pool = pool
        self._channel = channel
        self._deliver = dict(deliver)
        self._on_delivered = on_delivered
        self._policy = policy or RetryPolicy()
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._free = batch
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Relay until cancelled; then hand the leases of unfinished deliveries back.

        A database that is away is waited for.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(listen(self._pool, self._channel, self._wake.set), name="listen")
            await self._dispatch(group)

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        failures = 0
        while True:
            self._wake.clear()  # before looking: what comes in meanwhile sets it again
            try:
                rows, pause_s = await self._claim()
                failures = 0
            except DATABASE_ERRORS as error:
                keep_cancellation(error)
                failures += 1
                log.warning("outbox_unreachable", error=repr(error), failures=failures)
                rows, pause_s = [], RECONNECT.delay_s(failures)
            for row in rows:
                self._free -= 1
                group.create_task(self._handle(row), name=f"deliver-{row.id}")
            if not rows:
                await self._pause(pause_s)

    async def _claim(self) -> tuple[list[OutboxRow], float]:
        """Return newly leased rows, or how long to wait for one."""
        if not self._free:
            return [], self._poll_s
        names = list(self._deliver)
        async with transaction(self._pool, Effect.DELIVERIES_CLAIMED) as connection:
            rows = await outbox.claim(connection, names, limit=self._free, lease_s=self._lease_s)
            due_s = None if rows else await outbox.next_due_s(connection, names)
        return rows, min(self._poll_s, self._poll_s if due_s is None else max(due_s, MIN_PAUSE_S))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _handle(self, row: OutboxRow) -> None:
        with unit_of_work(
            "outbox.deliver", message_id=str(row.id), destination=row.destination, key=str(row.key)
        ):
            try:
                await self._attempt(row)
            finally:
                self._free += 1
                self._wake.set()

    async def _attempt(self, row: OutboxRow) -> None:
        try:
            async with asyncio.timeout(self._lease_s * 0.8):
                await self._deliver[row.destination](row)
        except asyncio.CancelledError:
            await self._last_write(
                Effect.DELIVERY_HANDED_BACK, lambda connection: outbox.release(connection, row)
            )
            raise
        except Exception as error:  # noqa: BLE001 - whatever a destination raises, the row is kept
            await self._failed(row, error)
        else:
            await self._delivered(row)

    async def _delivered(self, row: OutboxRow) -> None:
        async def write(connection: Connection) -> None:
            if await outbox.mark_delivered(connection, row) and self._on_delivered:
                await self._on_delivered(connection, row)

        try:
            await self._store(Effect.DELIVERY_MARKED, write)
        except Exception as error:  # noqa: BLE001 - on_delivered refused: deliver again later
            await self._failed(row, error)
        else:
            _count(row, "delivered")
            log.info("message_delivered", attempt=row.attempts)

    async def _failed(self, row: OutboxRow, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"[:ERROR_CHARS]
        exhausted = row.attempts >= self._policy.max_attempts
        if exhausted or isinstance(error, PermanentDeliveryError):
            _count(row, "dead")
            log.error("message_dead", attempt=row.attempts, error=text)
            await self._store(
                Effect.DELIVERY_GIVEN_UP,
                lambda connection: outbox.mark_dead(connection, row, error=text),
            )
            return
        retry_in_s = self._policy.delay_s(row.attempts)
        _count(row, "failed")
        log.warning("message_failed", attempt=row.attempts, error=text, retry_in_s=retry_in_s)
        await self._store(
            Effect.DELIVERY_FAILED,
            lambda connection: outbox.mark_failed(
                connection, row, error=text, retry_in_s=retry_in_s
            ),
        )

    async def _store(self, effect: Effect, write: Write) -> None:
        """Commit the outcome of a delivery, through short outages and a cancellation."""
        try:
            for attempt in range(1, STORE_ATTEMPTS + 1):
                if await self._write(effect, write):
                    return
                await asyncio.sleep(RECONNECT.delay_s(attempt))
            log.error("outcome_not_stored")  # the lease runs out, the message goes out again
        except asyncio.CancelledError:
            await self._last_write(effect, write)
            raise

    async def _last_write(self, effect: Effect, write: Write) -> None:
        """Commit during a cancellation: what is known is kept, in bounded time."""
        try:
            async with asyncio.timeout(HANDOVER_S):
                await self._write(effect, write)
        except TimeoutError:
            log.warning("outcome_not_stored")

    async def _write(self, effect: Effect, write: Write) -> bool:
        try:
            async with transaction(self._pool, effect) as connection:
                await write(connection)
        except DATABASE_ERRORS as error:
            log.warning("outbox_unreachable", error=repr(error))
            return False
        return True


def _count(row: OutboxRow, outcome: str) -> None:
    DELIVERIES.labels(destination=row.destination, outcome=outcome).inc()
