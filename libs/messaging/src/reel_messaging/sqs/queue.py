"""One queue, as its consumer sees it."""

import asyncio
from typing import TYPE_CHECKING, Final

from reel_messaging.sqs.message import MAX_VISIBILITY_S, SqsMessage
from reel_messaging.sqs.publisher import ID_ATTRIBUTE

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

MAX_RECEIVE: Final = 10


class Queue:
    """Receives, hides and deletes messages; every call may raise one of `SQS_ERRORS`."""

    def __init__(self, client: "SQSClient", url: str, *, visibility_s: int, wait_s: int) -> None:
        self._client = client
        self._url = url
        self._visibility_s = visibility_s
        self._wait_s = wait_s
        self.name = url.rpartition("/")[2]

    async def receive(self, most: int) -> list[SqsMessage]:
        """Take up to `most` messages, and hide them from others; waits for one, but not long."""
        answer = await self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(MAX_RECEIVE, most),
            WaitTimeSeconds=self._wait_s,
            VisibilityTimeout=self._visibility_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        return [self._message(received) for received in answer.get("Messages", [])]

    async def delete(self, message: SqsMessage) -> None:
        """Remove it for good."""
        await self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    async def keep_hidden(self, message: SqsMessage) -> None:
        """Extend its invisibility over and over, until cancelled or it fails."""
        while True:
            await asyncio.sleep(self._visibility_s / 3)
            await message.extend(self._visibility_s)

    async def show_in(self, message: SqsMessage, seconds: int) -> None:
        """Let it be received again, by anybody, in so many seconds from now."""
        await self._set_visibility(message.receipt, min(seconds, MAX_VISIBILITY_S))

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

    async def _set_visibility(self, receipt: str, seconds: int) -> None:
        await self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )
