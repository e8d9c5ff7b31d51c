"""Long-polling consumer: one handler call a message, kept invisible while it runs."""

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil
from typing import TYPE_CHECKING, Final

import structlog

from reel_kernel.effects import Effect
from reel_messaging.retry import RECONNECT, RetryPolicy
from reel_messaging.sqs.client import SQS_ERRORS
from reel_messaging.sqs.dead_letters import DeadLetters
from reel_messaging.sqs.message import Ack, Dead, Outcome, Retry, SqsMessage
from reel_messaging.sqs.metrics import HANDLED, RECEIVE_FAILURES, RECEIVED, RUNNING
from reel_messaging.sqs.queue import Queue
from reel_messaging.sqs.valve import Valve
from reel_observability.context import unit_of_work
from reel_observability.effects import happened

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

Handler = Callable[[SqsMessage], Awaitable[Outcome]]
"""Must be idempotent: SQS delivers at least once. An exception counts as Retry with back-off."""

POLL_S: Final = 5
"""A poll under way is the longest that stopping takes; shorter ones cost more requests."""
HANDOVER_S: Final = 3.0
BACK_OFF: Final = RetryPolicy(base_s=2, max_s=300)

log = structlog.stdlib.get_logger(__name__)


class Consumer:
    """Feeds the messages of one queue to a handler.

    Args:
        client: From `sqs_client`.
        queue_url: The queue.
        handler: What to do with a message.
        valve: Nothing is taken while it is shut.
        dlq_url: Where `Dead` messages go; by default the queue's own redrive target.
        visibility_s: How long a message stays hidden without a sign of life from us; extended
            every third of it while its handler runs.
        wait_s: Length of a long poll, at most 20 s.
        concurrency: Most handlers at once; no more messages are taken than can be started.
        grace_s: How long running handlers may go on after `stop`.
        back_off: Wait before a message whose handler raised comes back, by its receive count.
    """

    def __init__(
        self,
        client: "SQSClient",
        queue_url: str,
        handler: Handler,
        *,
        valve: Valve | None = None,
        dlq_url: str | None = None,
        visibility_s: int = 30,
        wait_s: int = POLL_S,
        concurrency: int = 1,
        grace_s: float = 20,
        back_off: RetryPolicy = BACK_OFF,
    ) -> None:
        self._queue = Queue(client, queue_url, visibility_s=visibility_s, wait_s=wait_s)
        self._handler = handler
        self._valve = valve or Valve()
        self._dead_letters = DeadLetters(client, queue_url, dlq_url)
        self._poll_ends_s = wait_s + HANDOVER_S
        self._concurrency = concurrency
        self._grace_s = grace_s
        self._back_off = back_off
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._polling: asyncio.Task[bool] | None = None
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set.

        Then nothing more is taken, running handlers get `grace_s` to finish, and what is left is
        cancelled and handed back to the queue at once. A poll under way is let finish, for
        cancelling it would hide the messages it may have taken already: they are handed back too.
        A queue that is away is waited for.
        """
        async with asyncio.TaskGroup() as group:
            receiver = group.create_task(self._receive_forever(group), name="sqs-receive")
            await stop.wait()
            self._stopping = True
            receiver.cancel()
            if self._running:
                await asyncio.wait(self._running, timeout=self._grace_s)
            self.interrupt()
            if self._polling is not None:
                await asyncio.wait({self._polling}, timeout=self._poll_ends_s)
                self._polling.cancel()

    def interrupt(self) -> None:
        """Cancel the handlers that run now; their messages are handed back at once."""
        for task in self._running:
            task.cancel()

    async def _receive_forever(self, group: asyncio.TaskGroup) -> None:
        failures = 0
        while True:
            await self._valve.until_open()
            await self._wait_for_room()
            # A task of its own: it outlives the cancellation of this loop.
            self._polling = group.create_task(self._poll(group), name="sqs-poll")
            failures = 0 if await asyncio.shield(self._polling) else failures + 1
            if failures:
                await asyncio.sleep(RECONNECT.delay_s(failures))

    async def _wait_for_room(self) -> None:
        while len(self._running) >= self._concurrency:
            self._room.clear()
            await self._room.wait()

    async def _poll(self, group: asyncio.TaskGroup) -> bool:
        """Take messages once; False when the queue could not be asked."""
        try:
            received = await self._queue.receive(self._concurrency - len(self._running))
        except SQS_ERRORS as error:
            RECEIVE_FAILURES.labels(queue=self._queue.name).inc()
            log.warning("receive_failed", queue=self._queue.name, error=repr(error))
            return False
        RECEIVED.labels(queue=self._queue.name).inc(len(received))
        for message in received:
            if self._stopping or not self._valve.is_open:
                group.create_task(self._hand_back(message), name=f"sqs-return-{message.id}")
            else:
                self._start(message, group)
        return True

    def _start(self, message: SqsMessage, group: asyncio.TaskGroup) -> None:
        task = group.create_task(self._process(message), name=f"sqs-{message.id}")
        self._running.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._room.set()

    async def _process(self, message: SqsMessage) -> None:
        with unit_of_work("sqs", message_id=message.id, receive_count=message.receive_count):
            try:
                with RUNNING.labels(queue=self._queue.name).track_inprogress():
                    outcome = await self._handle(message)
                await self._settle(message, outcome)
            except asyncio.CancelledError:
                await self._hand_back(message)
                raise
            except SQS_ERRORS as error:
                # It becomes visible again by itself, and is then handled once more.
                log.warning("message_not_settled", error=repr(error))

    async def _handle(self, message: SqsMessage) -> Outcome:
        async with asyncio.TaskGroup() as group:
            heartbeat = group.create_task(self._stay_invisible(message), name="sqs-heartbeat")
            try:
                return await self._handler(message)
            except Exception:  # a handler's fault must not stop the queue
                retry = Retry(self._back_off.delay_s(message.receive_count))
                self._count("failed")
                log.exception("handler_failed", retry_in_s=retry.after_s)
                return retry
            finally:
                heartbeat.cancel()

    async def _stay_invisible(self, message: SqsMessage) -> None:
        while True:
            try:
                await self._queue.keep_hidden(message)
            except SQS_ERRORS as error:
                log.warning("heartbeat_failed", error=repr(error))

    async def _settle(self, message: SqsMessage, outcome: Outcome) -> None:
        match outcome:
            case Ack():
                self._count("done")
                await self._delete(message)
            case Retry(after_s):
                self._count("retry")
                await self._queue.show_in(message, ceil(after_s))
            case Dead(reason):
                self._count("dead")
                await self._dead_letters.send(message, reason)
                happened(Effect.MESSAGE_BURIED)
                await self._delete(message)

    async def _delete(self, message: SqsMessage) -> None:
        await self._queue.delete(message)
        happened(Effect.MESSAGE_DELETED)

    async def _hand_back(self, message: SqsMessage) -> None:
        self._count("handed_back")
        try:
            async with asyncio.timeout(HANDOVER_S):
                await self._queue.show_in(message, 0)
        except SQS_ERRORS as error:
            log.warning("message_not_handed_back", error=repr(error))

    def _count(self, outcome: str) -> None:
        HANDLED.labels(queue=self._queue.name, outcome=outcome).inc()
