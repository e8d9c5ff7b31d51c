"""An incident to rehearse on: videos in every state of flight, and a worker that hangs."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from reel_stack import buckets
from reel_stack.fetching import StreamFetcher
from reel_stack.keys import ADMIN
from reel_stack.topology import BUCKET, TRANSCODE
from reel_testing.halted import encoders_of, halted
from reel_testing.internal import Told, told_on
from reel_testing.phone import Json, Phone
from reel_testing.runbooks import Typed, type_in
from reel_testing.stack import RunningStack
from reel_testing.waiting import until

WITHIN_S: Final = 20


@dataclass
class Incident:
    """Videos in every state of flight, and what was seen of them on the way."""

    stack: RunningStack
    app: Phone
    short: Path
    ready: Json
    running: str = ""
    queued: list[str] = field(default_factory=list[str])
    uploaded: str = ""
    late: str = ""
    jobs: dict[str, str] = field(default_factory=dict[str, str])
    leases_before: float = 0
    halts: ExitStack = field(default_factory=ExitStack)

    @property
    def in_flight(self) -> list[str]:
        return [self.running, *self.queued]

    async def type_in(self, line: str) -> Typed:
        """Type a line of the runbook, for the READY video if it names one."""
        typed = await type_in(line.replace("VIDEO_ID", self.ready["id"]), self.stack.layout)
        assert typed.status == 0, typed
        return typed

    async def status(self, video_id: str) -> tuple[str, str | None]:
        view = await self.app.get(video_id)
        assert (view["playback"]["streamUrl"] is not None) is (view["status"] == "READY")
        return view["status"], view["failReason"]

    async def play(self, view: Json, folder: Path) -> set[str]:
        """Fetch the whole stream as a player does; return what the CDN said of its cache."""
        async with httpx.AsyncClient(trust_env=False) as http:
            url = view["playback"]["streamUrl"]
            head, renditions = await StreamFetcher(http, url, folder).fetch_all()
        return {file.cache.split()[0] for one in renditions for file in (head, *one.files)}

    async def worker(self) -> Told:
        return await told_on(urlsplit(self.stack.services[TRANSCODE.name]).port or 0)

    async def leases(self) -> float:
        """How many attempts the worker began since it started."""
        return (await self.worker()).value("reel_transcode_queue_wait_seconds_count")

    def of(self, typed: Typed) -> dict[str, Json]:
        """Of the lines a command printed, those about this incident's videos."""
        mine = {*self.in_flight, self.uploaded, self.late, self.ready["id"]}
        return {line["videoId"]: line for line in typed.lines if line["videoId"] in mine}


async def source_etags(stack: RunningStack, *videos: str) -> dict[str, str]:
    """What the store has of each video's source (all are 3GP here)."""
    key = stack.keys.s3_keys[ADMIN]
    async with buckets.s3_client(stack.s3_url, key) as s3:
        heads = {
            video_id: await s3.head_object(Bucket=BUCKET, Key=f"videos/{video_id}/source.3gp")
            for video_id in videos
        }
    return {video_id: head["ETag"] for video_id, head in heads.items()}


async def get_under_way(case: Incident, long: Path) -> None:
    """Halt the worker with `long` in FFmpeg, and the relay before one upload is on the queue.

    Both are halted until `case.halts` is closed.
    """
    worker, relay = case.stack.pids["transcode-worker"], case.stack.pids["video-worker"]
    case.leases_before = await case.leases() + 1
    case.running = await case.app.send(long)
    await until(lambda: bool(encoders_of(worker)))
    case.halts.enter_context(halted(worker))
    for _ in range(2):
        case.queued.append(await case.app.send(case.short))
    for video_id in case.in_flight:
        await case.app.wait(video_id, until=has_status("TRANSCODING"), within_s=WITHIN_S)
    case.halts.enter_context(halted(relay))
    case.uploaded = await case.app.send(case.short)
    await case.app.wait(case.uploaded, until=has_status("UPLOADED"), within_s=WITHIN_S)


def has_status(status: str) -> Callable[[Json], bool]:
    return lambda view: view["status"] == status
