"""Progress leaves a worker without holding it up."""

import asyncio

from reel_contracts.webhooks import TranscodePhase, TranscodeProgress
from reel_testing.transcode_builders import FakeTranscoder, a_request, job_deps
from reel_testing.transcode_ledger import MemoryLedger
from reel_testing.waiting import until
from transcode_service.domain.outcome import Done
from transcode_service.domain.transcoding import Progress
from transcode_service.usecases.run_job import run_job


class Receiver:
    """Remembers what it is told; answers when `free` is set."""

    def __init__(self) -> None:
        self.heard: list[TranscodeProgress] = []
        self.canceled = 0
        self.free = asyncio.Event()

    async def hear(self, report: TranscodeProgress) -> None:
        self.heard.append(report)
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.canceled += 1
            raise


class Clock:
    """Five seconds pass between two looks."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 5
        return self.now_s


async def test_reports_name_their_job_and_attempt(ledger: MemoryLedger) -> None:
    receiver, request = Receiver(), a_request()
    receiver.free.set()

    async def work(_prefix: str) -> None:
        transcoder.on_progress(Progress(0.0, 0.0))
        await until(lambda: len(receiver.heard) == 1)
        await asyncio.sleep(0)
        transcoder.on_progress(Progress(15.0, 0.5))
        await until(lambda: len(receiver.heard) == 2)

    transcoder = FakeTranscoder(work)
    deps = job_deps(ledger, transcoder, send_progress=receiver.hear, monotonic=Clock())

    await run_job(request, deps)

    assert receiver.heard[-1] == TranscodeProgress(
        video_id=request.video_id,
        job_id=request.job_id,
        attempt=1,
        fraction=0.47,
        eta_seconds=5.9,
        phase=TranscodePhase.ENCODING,
    )


async def test_while_one_report_is_under_way_others_are_dropped(ledger: MemoryLedger) -> None:
    receiver = Receiver()

    async def work(_prefix: str) -> None:
        for tenth in range(10):
            transcoder.on_progress(Progress(tenth, tenth / 10))
            await asyncio.sleep(0)

    transcoder = FakeTranscoder(work)
    deps = job_deps(ledger, transcoder, send_progress=receiver.hear, monotonic=Clock())

    outcome = await run_job(a_request(), deps)

    assert isinstance(outcome, Done)
    assert len(receiver.heard) == 1
    assert receiver.canceled == 1


async def test_a_receiver_that_fails_costs_no_attempt(ledger: MemoryLedger) -> None:
    calls = 0

    async def fail(_report: TranscodeProgress) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("no way through")

    async def work(_prefix: str) -> None:
        transcoder.on_progress(Progress(0.0, 0.0))
        await until(lambda: calls == 1)

    transcoder = FakeTranscoder(work)

    outcome = await run_job(a_request(), job_deps(ledger, transcoder, send_progress=fail))

    assert outcome == Done("published")
