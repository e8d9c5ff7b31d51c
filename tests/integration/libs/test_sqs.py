import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from reel_messaging.retry import PermanentDeliveryError, RetryPolicy
from reel_messaging.sqs import (
    SQS_ERRORS,
    Ack,
    Consumer,
    Dead,
    Outcome,
    QueuePublisher,
    Retry,
    SqsMessage,
    SqsSettings,
    Valve,
    queue_reachable,
    sqs_client,
)
from reel_testing.brake import Brake, brake_before
from reel_testing.gate import gate_before
from reel_testing.infra import Infra
from reel_testing.plugin import NewQueue, QueueUrls
from reel_testing.waiting import until

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

AT_ONCE = RetryPolicy(base_s=0, max_s=0)


@pytest.fixture
async def client(infra: Infra) -> "AsyncIterator[SQSClient]":
    async with sqs_client(infra.sqs) as client:
        yield client


@pytest.fixture
async def queue(new_queue: NewQueue) -> QueueUrls:
    return await new_queue()


class Desk:
    """A handler that notes what it gets and answers what it is told."""

    def __init__(self, answer: Callable[[SqsMessage], Awaitable[Outcome]] | None = None) -> None:
        self.seen = list[SqsMessage]()
        self._answer = answer

    async def handle(self, message: SqsMessage) -> Outcome:
        self.seen.append(message)
        return await self._answer(message) if self._answer else Ack()


@asynccontextmanager
async def consuming(
    client: "SQSClient", queue: QueueUrls, desk: Desk, **options: object
) -> AsyncGenerator[asyncio.Event]:
    chosen = cast("dict[str, Any]", {"wait_s": 1, "back_off": AT_ONCE, **options})
    consumer, stop = Consumer(client, queue.url, desk.handle, **chosen), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.run(stop))
        yield stop
        stop.set()


async def counts(client: "SQSClient", url: str) -> tuple[int, int]:
    """Return how many messages are waiting, and how many are out with a consumer."""
    answer = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    found = answer.get("Attributes", {})
    waiting = found["ApproximateNumberOfMessages"]
    return int(waiting), int(found["ApproximateNumberOfMessagesNotVisible"])


async def is_empty(client: "SQSClient", url: str) -> bool:
    return await counts(client, url) == (0, 0)


async def it_waits(client: "SQSClient", url: str) -> bool:
    return await counts(client, url) == (1, 0)


@asynccontextmanager
async def behind_a_brake(
    infra: Infra, queue: QueueUrls
) -> "AsyncGenerator[tuple[SQSClient, QueueUrls, Brake]]":
    """Stop the answer to a receive, which has taken its messages, on its way to us."""
    endpoint = infra.sqs.endpoint_url or ""
    async with brake_before(endpoint, rb"AmazonSQS\.ReceiveMessage", answer_bytes=0) as brake:
        settings = SqsSettings(
            endpoint_url=brake.in_front(endpoint),
            access_key_id=infra.sqs.access_key_id,
            secret_access_key=infra.sqs.secret_access_key,
        )
        urls = QueueUrls(brake.in_front(queue.url), brake.in_front(queue.dlq_url))
        async with sqs_client(settings) as own:
            yield own, urls, brake


async def test_an_acknowledged_message_is_gone(client: "SQSClient", queue: QueueUrls) -> None:
    desk = Desk()
    await QueuePublisher(client, queue.url).publish("m1", b'{"n":"\xc3\xa9"}')

    async with consuming(client, queue, desk):
        await until(lambda: is_empty(client, queue.url))

    [message] = desk.seen
    assert (message.id, message.body, message.receive_count) == ("m1", b'{"n":"\xc3\xa9"}', 1)


async def test_a_message_comes_back_when_the_handler_asks(
    client: "SQSClient", queue: QueueUrls
) -> None:
    async def once_more(message: SqsMessage) -> Outcome:
        return Retry(0) if message.receive_count == 1 else Ack()

    desk = Desk(once_more)
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with consuming(client, queue, desk):
        await until(lambda: is_empty(client, queue.url))

    assert [message.receive_count for message in desk.seen] == [1, 2]


async def test_a_handler_that_raises_is_given_the_message_again(
    client: "SQSClient", queue: QueueUrls
) -> None:
    async def fail_once(message: SqsMessage) -> Outcome:
        if message.receive_count == 1:
            raise RuntimeError("a fault of ours")
        return Ack()

    desk = Desk(fail_once)
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with consuming(client, queue, desk):
        await until(lambda: is_empty(client, queue.url))

    assert len(desk.seen) == 2


@pytest.mark.parametrize("given", [True, False])
async def test_a_dead_message_is_kept_with_its_reason(
    client: "SQSClient", queue: QueueUrls, *, given: bool
) -> None:
    async def hopeless(_: SqsMessage) -> Outcome:
        return Dead("no such format")

    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    dlq_url = queue.dlq_url if given else None
    async with consuming(client, queue, Desk(hopeless), dlq_url=dlq_url):
        await until(lambda: is_empty(client, queue.url))

    answer = await client.receive_message(
        QueueUrl=queue.dlq_url, MessageAttributeNames=["All"], WaitTimeSeconds=5
    )
    [dead] = answer.get("Messages", [])
    attributes = {
        name: value.get("StringValue") for name, value in dead.get("MessageAttributes", {}).items()
    }
    assert dead.get("Body") == "{}"
    assert attributes == {"id": "m1", "reason": "no such format"}


async def test_a_long_handler_keeps_its_message_hidden(
    client: "SQSClient", queue: QueueUrls
) -> None:
    async def longer_than_the_visibility(_: SqsMessage) -> Outcome:
        await asyncio.sleep(3.5)
        return Ack()

    desk = Desk(longer_than_the_visibility)
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with consuming(client, queue, desk, visibility_s=2, concurrency=2):
        await until(lambda: is_empty(client, queue.url))

    assert len(desk.seen) == 1


async def test_no_more_is_taken_than_can_be_handled(client: "SQSClient", queue: QueueUrls) -> None:
    release = asyncio.Event()

    async def wait(_: SqsMessage) -> Outcome:
        await release.wait()
        return Ack()

    desk = Desk(wait)
    for number in range(5):
        await QueuePublisher(client, queue.url).publish(f"m{number}", b"{}")

    async def three_are_left() -> bool:
        return await counts(client, queue.url) == (3, 2)

    async with consuming(client, queue, desk, concurrency=2):
        await until(three_are_left)
        assert len(desk.seen) == 2
        release.set()
        await until(lambda: is_empty(client, queue.url))

    assert {message.id for message in desk.seen} == {f"m{number}" for number in range(5)}


async def test_stopping_lets_a_handler_finish(client: "SQSClient", queue: QueueUrls) -> None:
    finish = asyncio.Event()

    async def wait(_: SqsMessage) -> Outcome:
        await finish.wait()
        return Ack()

    desk = Desk(wait)
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with consuming(client, queue, desk) as stop:
        await until(lambda: len(desk.seen) == 1)
        stop.set()
        finish.set()

    assert await is_empty(client, queue.url)


async def test_stopping_hands_an_unfinished_message_back_at_once(
    client: "SQSClient", queue: QueueUrls
) -> None:
    cancelled = asyncio.Event()

    async def hang(_: SqsMessage) -> Outcome:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Ack()

    desk = Desk(hang)
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with consuming(client, queue, desk, grace_s=0.1):
        await until(lambda: len(desk.seen) == 1)

    assert cancelled.is_set()
    assert await counts(client, queue.url) == (1, 0)


async def test_a_message_that_comes_just_when_the_consumer_stops_is_handed_back_at_once(
    client: "SQSClient", queue: QueueUrls, infra: Infra
) -> None:
    desk = Desk()
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with (
        behind_a_brake(infra, queue) as (own, own_queue, brake),
        consuming(own, own_queue, desk) as stop,
    ):
        await brake.held.wait()
        stop.set()
        brake.release.set()

    assert desk.seen == []
    assert await counts(client, queue.url) == (1, 0)


async def test_a_message_that_comes_just_when_the_valve_shuts_is_handed_back_at_once(
    client: "SQSClient", queue: QueueUrls, infra: Infra
) -> None:
    desk, valve = Desk(), Valve()
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with (
        behind_a_brake(infra, queue) as (own, own_queue, brake),
        consuming(own, own_queue, desk, valve=valve),
    ):
        await brake.held.wait()
        valve.shut()
        brake.release.set()

        await until(lambda: it_waits(client, queue.url))
        assert desk.seen == []
        valve.open()
        await until(lambda: is_empty(client, queue.url))

    assert [message.receive_count for message in desk.seen] == [2]


async def test_a_shut_valve_lets_a_running_handler_finish_and_takes_nothing_more(
    client: "SQSClient", queue: QueueUrls
) -> None:
    finish, valve = asyncio.Event(), Valve()

    async def wait(_: SqsMessage) -> Outcome:
        await finish.wait()
        return Ack()

    desk = Desk(wait)
    await QueuePublisher(client, queue.url).publish("m1", b"{}")
    await QueuePublisher(client, queue.url).publish("m2", b"{}")

    async with consuming(client, queue, desk, valve=valve):
        await until(lambda: len(desk.seen) == 1)
        valve.shut()
        finish.set()
        await until(lambda: it_waits(client, queue.url))

    assert len(desk.seen) == 1


async def test_an_interrupted_handler_gives_its_message_back_at_once(
    client: "SQSClient", queue: QueueUrls
) -> None:
    async def hang(_: SqsMessage) -> Outcome:
        await asyncio.Event().wait()
        return Ack()

    desk, valve, stop = Desk(hang), Valve(), asyncio.Event()
    consumer = Consumer(client, queue.url, desk.handle, valve=valve, wait_s=1)
    await QueuePublisher(client, queue.url).publish("m1", b"{}")

    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.run(stop))
        await until(lambda: len(desk.seen) == 1)
        valve.shut()
        consumer.interrupt()
        await until(lambda: it_waits(client, queue.url))
        stop.set()

    assert len(desk.seen) == 1


async def test_a_consumer_waits_for_a_queue_that_is_away(
    client: "SQSClient", queue: QueueUrls, infra: Infra
) -> None:
    desk, endpoint = Desk(), infra.sqs.endpoint_url or ""
    async with gate_before(endpoint) as gate:
        settings = SqsSettings(
            endpoint_url=gate.in_front(endpoint),
            access_key_id=infra.sqs.access_key_id,
            secret_access_key=infra.sqs.secret_access_key,
        )
        own_queue = QueueUrls(gate.in_front(queue.url), gate.in_front(queue.dlq_url))
        async with sqs_client(settings) as own, consuming(own, own_queue, desk):
            gate.shut()
            await QueuePublisher(client, queue.url).publish("m1", b"{}")
            gate.open()
            await until(lambda: len(desk.seen) == 1)


async def test_a_body_that_sqs_does_not_carry_is_refused_for_good(
    client: "SQSClient", queue: QueueUrls
) -> None:
    with pytest.raises(PermanentDeliveryError):
        await QueuePublisher(client, queue.url).publish("m1", b"\x00")


async def test_readiness_asks_the_queue(client: "SQSClient", queue: QueueUrls) -> None:
    await queue_reachable(client, queue.url)

    with pytest.raises(SQS_ERRORS):
        await queue_reachable(client, queue.url + "-nowhere")


async def test_a_message_made_by_hand_is_not_on_a_queue() -> None:
    with pytest.raises(RuntimeError, match="queue"):
        await SqsMessage(id="m1", body=b"{}", receive_count=1).extend(5)
