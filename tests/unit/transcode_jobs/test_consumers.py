import asyncio
from uuid import uuid4

import msgspec

from reel_contracts.base import Message
from reel_contracts.events import VideoDeleted
from reel_messaging.sqs import Ack, Dead, Retry, SqsMessage
from reel_testing.transcode_builders import FakeTranscoder, a_request, failing, job_deps
from reel_testing.transcode_ledger import START, MemoryLedger
from reel_testing.waiting import until
from transcode_service.consumers.sweeper import Sweeper
from transcode_service.consumers.transcode_requested import transcode_requested
from transcode_service.consumers.video_deleted import video_deleted
from transcode_service.ports.jobs import LedgerUnavailable


def on_the_queue(message: Message) -> SqsMessage:
    return SqsMessage(id=str(uuid4()), body=msgspec.json.encode(message), receive_count=1)


async def test_a_done_job_is_acknowledged(ledger: MemoryLedger) -> None:
    handle = transcode_requested(job_deps(ledger))

    assert await handle(on_the_queue(a_request())) == Ack()


async def test_a_passing_failure_delays_the_message(ledger: MemoryLedger) -> None:
    handle = transcode_requested(job_deps(ledger, FakeTranscoder(failing(OSError("x")))))

    assert await handle(on_the_queue(a_request())) == Retry(2)


async def test_the_last_failure_makes_a_dead_letter(ledger: MemoryLedger) -> None:
    transcoder = FakeTranscoder(failing(OSError("disk is full")))
    handle = transcode_requested(job_deps(ledger, transcoder, max_attempts=1))

    answer = await handle(on_the_queue(a_request()))

    assert isinstance(answer, Dead)
    assert "disk is full" in answer.reason


async def test_what_is_no_request_is_a_dead_letter(ledger: MemoryLedger) -> None:
    handle = transcode_requested(job_deps(ledger))
    deleted = VideoDeleted(video_id=uuid4(), owner_id=uuid4(), deleted_at=START)

    for message in (on_the_queue(deleted), SqsMessage(id="1", body=b"\xff", receive_count=1)):
        assert isinstance(await handle(message), Dead)

    assert ledger.committed.jobs == {}


async def test_a_deletion_wakes_the_sweeper(ledger: MemoryLedger) -> None:
    woken = asyncio.Event()
    handle = video_deleted(ledger.begin, wake_sweeper=woken.set)
    deleted = VideoDeleted(video_id=uuid4(), owner_id=uuid4(), deleted_at=START)

    assert await handle(on_the_queue(deleted)) == Ack()

    assert woken.is_set()
    assert ledger.committed.videos[deleted.video_id].deleted_at == START


async def test_what_is_no_deletion_is_a_dead_letter(ledger: MemoryLedger) -> None:
    handle = video_deleted(ledger.begin, wake_sweeper=lambda: None)

    assert isinstance(await handle(on_the_queue(a_request())), Dead)


async def test_a_chore_that_fails_gets_its_turn_again() -> None:
    turns: list[str] = []

    async def fails() -> None:
        turns.append("fails")
        raise ValueError("a bug")

    async def cannot() -> None:
        turns.append("cannot")
        raise LedgerUnavailable("away")

    sweeper = Sweeper(pause_s=3600)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(sweeper.run((fails, cannot)))
        await until(lambda: len(turns) == 2)
        sweeper.wake()
        await until(lambda: len(turns) == 4)
        running.cancel()

    assert turns == ["fails", "cannot"] * 2


async def test_without_a_wake_chores_run_by_the_clock() -> None:
    turns: list[int] = []

    async def chore() -> None:
        turns.append(1)

    async with asyncio.TaskGroup() as group:
        running = group.create_task(Sweeper(pause_s=0.001).run((chore,)))
        await until(lambda: len(turns) > 3)
        running.cancel()

    assert len(turns) > 3
