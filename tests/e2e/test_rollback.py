"""The runbook of a rollback, typed line by line at a stack with films under way."""

import asyncio
import json
import shlex
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from reel_messaging.webhooks import sign
from reel_stack import sources
from reel_testing.halted import encoders_of
from reel_testing.incident import Incident, get_under_way, has_status, source_etags
from reel_testing.phone import Phone
from reel_testing.runbooks import RUNBOOKS, Typed, commands, type_in
from reel_testing.stack import RunningStack
from reel_testing.waiting import until

RATE_PER_S = 0.5
REPLAY = f'make ops SERVICE=video ARGS="replay-frozen --rate {RATE_PER_S} --limit 100"'
SHORT_S, LONG_S = 1, 60
ROLLED_BACK = ("FAILED", "ROLLBACK")


@pytest.fixture
async def incident(stack: RunningStack, app: Phone, clips: Path) -> AsyncGenerator[Incident]:
    """One READY, one in FFmpeg in a worker that hangs, two in the queue, one not yet there."""
    short, long = clips / "short.3gp", clips / "long.3gp"
    await asyncio.to_thread(sources.make, "3gp", short, seconds=SHORT_S)
    await asyncio.to_thread(sources.make, "3gp", long, seconds=LONG_S)
    ready = await app.wait_final(await app.send(short))
    async with AsyncExitStack() as undo:
        undo.push_async_callback(type_in, "make ops SERVICE=transcode ARGS=resume", stack.layout)
        case = Incident(stack, app, short, ready)
        undo.enter_context(case.halts)
        await get_under_way(case, long)
        yield case


def outcomes(case: Incident, typed: Typed) -> dict[str, str]:
    return {video_id: line["outcome"] for video_id, line in case.of(typed).items()}


async def pause_is_ordered(_: Incident, typed: Typed) -> None:
    [line] = typed.lines
    assert (line["paused"], line["interrupt"], line["reason"]) == (True, True, "release 1.8")


async def a_hung_worker_shows(_: Incident, typed: Typed) -> None:
    [line] = typed.lines
    assert (line["paused"], line["unfinished"]["RUNNING"]) == (True, 1)


async def looking_changes_nothing(case: Incident, typed: Typed) -> None:
    assert outcomes(case, typed) == dict.fromkeys(case.in_flight, "WOULD_FREEZE")
    assert {await case.status(video_id) for video_id in case.in_flight} == {("TRANSCODING", None)}


async def what_is_in_flight_is_frozen(case: Incident, typed: Typed) -> None:
    """The hung worker wakes up, too late; so does a result of it, and a video comes in."""
    case.jobs = {video_id: line["jobId"] for video_id, line in case.of(typed).items()}
    assert outcomes(case, typed) == dict.fromkeys(case.in_flight, "FROZEN")
    assert await case.status(case.uploaded) == ("UPLOADED", None)
    case.halts.close()
    await until(lambda: worker_is_idle(case))
    assert await late_result(case) == 204
    assert {await case.status(video_id) for video_id in case.in_flight} == {ROLLED_BACK}
    await until(lambda: jobs_are_canceled(case))
    case.late = await case.app.send(case.short)


async def worker_is_idle(case: Incident) -> bool:
    told = await case.worker()
    numbers = [told.value(f"reel_transcode_{name}") for name in ("paused", "running_jobs")]
    return numbers == [1, 0] and not encoders_of(case.stack.pids["transcode-worker"])


async def late_result(case: Incident) -> int:
    """What a worker of the bad release would still say, signed as it would."""
    video_id = case.running
    master = {"type": "HLS_MASTER", "fileKey": f"videos/{video_id}/hls/master.m3u8"}
    body = {
        "videoId": video_id,
        "status": "READY",
        "jobId": case.jobs[video_id],
        "assets": [master],
        "durationSeconds": LONG_S,
        "width": 352,
        "height": 288,
    }
    raw, secret = json.dumps(body).encode(), case.stack.secrets["transcodeWebhookSecret"]
    headers = sign(Webhook(secret), str(uuid4()), raw, now=datetime.now(UTC))
    headers |= {"content-type": "application/json"}
    async with httpx.AsyncClient(base_url=case.stack.services["video-service"]) as http:
        answer = await http.post("/api/webhooks/transcoding", content=raw, headers=headers)
    return answer.status_code


async def jobs_are_canceled(case: Incident) -> bool:
    order = 'make ops SERVICE=transcode ARGS="jobs --state CANCELED"'
    canceled = {line["id"] for line in (await case.type_in(order)).lines}
    return set(case.jobs.values()) <= canceled


async def nothing_was_taken_meanwhile(case: Incident, typed: Typed) -> None:
    assert list(case.of(typed)) == [case.ready["id"]]
    await case.app.wait(case.late, until=has_status("TRANSCODING"), within_s=20)
    assert await case.status(case.uploaded) == ("TRANSCODING", None)
    assert await case.leases() == case.leases_before


async def jobs_are_taken_again(_: Incident, typed: Typed) -> None:
    [line] = typed.lines
    assert line["paused"] is False


async def looking_replays_nothing(case: Incident, typed: Typed) -> None:
    assert outcomes(case, typed) == dict.fromkeys(case.in_flight, "WOULD_REPLAY")
    assert {await case.status(video_id) for video_id in case.in_flight} == {ROLLED_BACK}


async def each_is_replayed_once_and_no_faster(case: Incident, typed: Typed) -> None:
    assert outcomes(case, typed) == dict.fromkeys(case.in_flight, "REPLAYED")
    again = await case.type_in(REPLAY)
    assert outcomes(case, again) == {}
    requests = [await transcode_requests(case, video_id) for video_id in case.in_flight]
    assert [len(times) for times in requests] == [2, 2, 2]
    first, second, third = sorted(times[-1] for times in requests)
    assert min(second - first, third - second).total_seconds() >= 1 / RATE_PER_S


async def transcode_requests(case: Incident, video_id: str) -> list[datetime]:
    """When each job of a video was asked for."""
    record = await case.type_in(f'make ops SERVICE=video ARGS="video {video_id}"')
    return [
        datetime.fromisoformat(message["created_at"])
        for message in json.loads(record.out)["messages"]
        if message["destination"] == "transcode-jobs"
    ]


CHECKS: Mapping[str, Callable[[Incident, Typed], Awaitable[None]]] = {
    "pause": pause_is_ordered,
    "status": a_hung_worker_shows,
    "freeze --dry-run": looking_changes_nothing,
    "freeze": what_is_in_flight_is_frozen,
    "invalidate": nothing_was_taken_meanwhile,
    "resume": jobs_are_taken_again,
    "replay-frozen --dry-run": looking_replays_nothing,
    "replay-frozen": each_is_replayed_once_and_no_faster,
}


def order_of(line: str) -> str:
    """`freeze --dry-run` of `make ops SERVICE=video ARGS="freeze --dry-run"`."""
    [arguments] = [word.removeprefix("ARGS=") for word in shlex.split(line) if "ARGS=" in word]
    words = arguments.split()
    return " ".join([words[0], *(word for word in words if word == "--dry-run")])


async def test_the_runbook_rolls_a_bad_release_back(incident: Incident, tmp_path: Path) -> None:
    lines = {order_of(line): line for line in commands(RUNBOOKS / "rollback.md", "Steps")}
    before = await source_etags(incident.stack, *incident.in_flight, incident.uploaded)
    await incident.play(incident.ready, tmp_path)

    assert list(lines) == list(CHECKS)
    assert lines["replay-frozen"] == REPLAY
    for order, check in CHECKS.items():
        typed = await incident.type_in(lines[order])
        seen = await incident.play(incident.ready, tmp_path)
        assert seen == ({"Miss"} if order == "invalidate" else {"Hit"}), order
        await check(incident, typed)

    everything = [*incident.in_flight, incident.uploaded, incident.late]
    for video_id in everything:
        view = await incident.app.wait_final(video_id, within_s=60)
        assert view["status"] == "READY", view
        await incident.play(view, tmp_path / video_id)
    assert await incident.leases() - incident.leases_before == len(everything)
    after = await source_etags(incident.stack, *everything, incident.ready["id"])
    assert before.items() <= after.items()
