"""Outbox rows onto a queue."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from reel_db.outbox import OutboxRow
from reel_kernel.effects import Effect
from reel_messaging.relay import Deliver
from reel_messaging.retry import PermanentDeliveryError
from reel_observability.effects import happened

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

ID_ATTRIBUTE: Final = "id"
# The message itself is at fault: too long, or characters that SQS does not carry.
_PERMANENT: Final = frozenset({"InvalidMessageContents", "InvalidParameterValue"})


class QueuePublisher:
    """Sends to one queue: the body is the message's JSON, attribute `id` the outbox row's id."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    async def publish(self, message_id: str, body: bytes) -> None:
        """Send one message.

        Raises:
            PermanentDeliveryError: SQS will never take this body.
            Exception: one of `SQS_ERRORS`, worth another try.
        """
        try:
            await self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=body.decode(),
                MessageAttributes={ID_ATTRIBUTE: {"DataType": "String", "StringValue": message_id}},
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _PERMANENT:
                raise PermanentDeliveryError(str(error)) from error
            raise

    def as_deliver(self, effect: Effect) -> Deliver:
        """Return the relay's way to this queue; `effect` is what a delivery is."""

        async def deliver(row: OutboxRow) -> None:
            await self.publish(str(row.id), row.body)
            happened(effect)

        return deliver
