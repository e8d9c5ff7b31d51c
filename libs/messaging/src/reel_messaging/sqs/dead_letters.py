"""Moving a message to the dead-letter queue, with the reason."""

from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from reel_messaging.sqs.message import SqsMessage
from reel_messaging.sqs.publisher import ID_ATTRIBUTE

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

REASON_ATTRIBUTE: Final = "reason"
REASON_CHARS: Final = 1000

log = structlog.stdlib.get_logger(__name__)


class NoDeadLetterQueue(OSError):
    """The queue has no redrive policy, so there is nowhere to put a dead message.

    Handled like an unreachable queue: the message comes back, and is not lost.
    """


class _RedrivePolicy(msgspec.Struct, rename="camel"):
    dead_letter_target_arn: str


class DeadLetters:
    """The dead-letter queue of a queue; looked up at first use unless given."""

    def __init__(self, client: "SQSClient", queue_url: str, dlq_url: str | None) -> None:
        self._client = client
        self._queue_url = queue_url
        self._dlq_url = dlq_url

    async def send(self, message: SqsMessage, reason: str) -> None:
        """Copy the message there, with attributes `id` and `reason`.

        Raises:
            NoDeadLetterQueue: neither given nor configured on the queue.
            Exception: one of `SQS_ERRORS`.
        """
        if self._dlq_url is None:
            self._dlq_url = await self._look_up()
        attributes = {
            ID_ATTRIBUTE: message.id,
            REASON_ATTRIBUTE: reason[:REASON_CHARS] or "unknown",
        }
        await self._client.send_message(
            QueueUrl=self._dlq_url,
            MessageBody=message.body.decode(),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": text}
                for name, text in attributes.items()
            },
        )
        log.error("message_dead", reason=reason)

    async def _look_up(self) -> str:
        answer = await self._client.get_queue_attributes(
            QueueUrl=self._queue_url, AttributeNames=["RedrivePolicy"]
        )
        policy = answer.get("Attributes", {}).get("RedrivePolicy")
        if policy is None:
            raise NoDeadLetterQueue(self._queue_url)
        arn = msgspec.json.decode(policy, type=_RedrivePolicy).dead_letter_target_arn
        found = await self._client.get_queue_url(QueueName=arn.rsplit(":", 1)[-1])
        return found["QueueUrl"]
