"""Long-polling consumer: one handler call a message, kept invisible while it runs."""

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil
from typing import TYPE_CHECKING, Final

import structlog

from reel_messaging.retry import RECONNECT, RetryPolicy, keep_cancellation
from reel_messaging.sqs.client import MAX_WAIT_S, SQS_ERRORS
from reel_messaging.sqs.dead_letters import DeadLetters
from reel_messaging.sqs.message import MAX_VISIBILITY_S, Ack, Dead, Outcome, Retry, SqsMessage
from reel_messaging.sqs.publisher import ID_ATTRIBUTE
from reel_observability.context import unit_of_work

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

Handler = Callable[[SqsMessage], Awaitable[Outcome]]
"""Must be idempotent: SQS delivers at least once. An exception counts as Retry with back-off."""

MAX_RECEIVE: Final = 10
HANDOVER_S: Final = 3.0
BACK_OFF: Final = RetryPolicy(base_s=2, max_s=300)

log = structlog.stdlib.get_logger(__name__)


class Consumer:
    """Feeds the messages of one queue to a handler.

    Args:
        client: From `sqs_client`.
        queue_url: The queue.
        handler: What to do with a message.
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
        dlq_url: str | None = None,
        visibility_s: int = 30,
        wait_s: int = MAX_WAIT_S,
        concurrency: int = 1,
        grace_s: float = 20,
        back_off: RetryPolicy = BACK_OFF,
    ) -> None:
        self._client = client
        self._queue_url = queue_url
        self._handler = handler
        self._dead_letters = DeadLetters(client, queue_url, dlq_url)
        self._visibility_s = visibility_s
        self._wait_s = wait_s
        self._concurrency = concurrency
        self._grace_s = grace_s
        self._back_off = back_off
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set.

        Then nothing more is received, running handlers get `grace_s` to finish, and what is left is
        cancelled and handed back to the queue at once. A queue that is away is waited for.
        """
        async with asyncio.TaskGroup() as group:
            receiver = group.create_task(self._receive_forever(group), name="sqs-receive")
            await stop.wait()
            receiver.cancel()
            if self._running:
                await asyncio.wait(self._running, timeout=self._grace_s)
            for task in self._running:
                task.cancel()

    async def _receive_forever(self, group: asyncio.TaskGroup) -> None:
        failures = 0
        while True:
            await self._wait_for_room()
            try:
                received = await self._receive()
                failures = 0
            except SQS_ERRORS as error:
                keep_cancellation(error)
                failures += 1
                log.warning("receive_failed", queue=self._queue_url, error=repr(error))
                await asyncio.sleep(RECONNECT.delay_s(failures))
                continue
            for message in received:
                task = group.create_task(self._process(message), name=f"sqs-{message.id}")
                self._running.add(task)
                task.add_done_callback(self._finished)

    async def _wait_for_room(self) -> None:
        while len(self._running) >= self._concurrency:
            self._room.clear()
            await self._room.wait()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._room.set()

    async def _receive(self) -> list[SqsMessage]:
        answer = await self._client.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(MAX_RECEIVE, self._concurrency - len(self._running)),
            WaitTimeSeconds=self._wait_s,
            VisibilityTimeout=self._visibility_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        return [self._message(received) for received in answer.get("Messages", [])]

    def _message(self, received: "MessageTypeDef") -> SqsMessage:
        receipt = received.get("ReceiptHandle", "")
        sender_id = received.get("MessageAttributes", {}).get(ID_ATTRIBUTE)
        count = received.get("Attributes", {}).get("ApproximateReceiveCount", "1")

        async def extend(seconds: int) -> None:
            await self._set_visibility(receipt, seconds)

        return SqsMessage(
            id=(sender_id and sender_id.get("StringValue")) or received.get("MessageId", ""),
            body=received.get("Body", "").encode(),
            receive_count=int(count),
            receipt=receipt,
            extend_by=extend,
        )

    async def _process(self, message: SqsMessage) -> None:
        with unit_of_work("sqs", message_id=message.id, receive_count=message.receive_count):
            try:
                await self._settle(message, await self._handle(message))
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
                log.exception("handler_failed", retry_in_s=retry.after_s)
                return retry
            finally:
                heartbeat.cancel()

    async def _stay_invisible(self, message: SqsMessage) -> None:
        while True:
            await asyncio.sleep(self._visibility_s / 3)
            try:
                await message.extend(self._visibility_s)
            except SQS_ERRORS as error:
                log.warning("heartbeat_failed", error=repr(error))

    async def _settle(self, message: SqsMessage, outcome: Outcome) -> None:
        match outcome:
            case Ack():
                await self._delete(message)
            case Retry(after_s):
                await self._set_visibility(message.receipt, min(ceil(after_s), MAX_VISIBILITY_S))
            case Dead(reason):
                await self._dead_letters.send(message, reason)
                await self._delete(message)

    async def _delete(self, message: SqsMessage) -> None:
        await self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message.receipt)

    async def _set_visibility(self, receipt: str, seconds: int) -> None:
        await self._client.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )

    async def _hand_back(self, message: SqsMessage) -> None:
        try:
            async with asyncio.timeout(HANDOVER_S):
                await self._set_visibility(message.receipt, 0)
        except SQS_ERRORS as error:
            log.warning("message_not_handed_back", error=repr(error))
