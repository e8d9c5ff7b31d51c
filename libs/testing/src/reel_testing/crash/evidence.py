"""What databases, bucket and queues say of a video at the end: exactly one of everything."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from reel_stack.topology import BUCKET, dead_letters
from reel_testing.crash.world import SERVICES, World
from reel_testing.waiting import until
from transcode_service.domain.attempt import is_of_attempt

SETTLED_S: Final = 60.0

UNDELIVERED: Final = """
SELECT destination, attempts, last_error FROM {}.outbox
 WHERE key = $1 AND (delivered_at IS NULL OR dead_at IS NOT NULL)
"""
# Each webhook that was delivered has had its effect once: it is in the receiver's inbox.
UNHEARD: Final = """
SELECT o.id FROM {}.outbox o WHERE o.key = $1 AND o.destination = 'video-webhook'
   AND 1 <> (SELECT count(*) FROM video.inbox i WHERE i.message_id = o.id::text)
"""
RESULTS: Final = """
SELECT body ->> 'status' FROM transcode.outbox WHERE key = $1 AND destination = 'video-webhook'
"""
ASSETS: Final = "SELECT type::text, file_key FROM video.video_assets WHERE video_id = $1"
JOBS: Final = "SELECT state FROM transcode.jobs WHERE video_id = $1"
WINNERS: Final = """
SELECT prefix FROM transcode.job_attempts WHERE video_id = $1 AND state = 'SUCCEEDED'
"""
RUNNING: Final = """
SELECT count(*) FROM transcode.job_attempts WHERE video_id = $1 AND state = 'RUNNING'
"""
SESSIONS: Final = "SELECT status::text FROM upload.upload_sessions WHERE video_id = $1"
LIVE: Final = {"INITIATED", "IN_PROGRESS", "PAUSED"}

Flaws = Callable[[World, UUID], Awaitable[Sequence[str]]]


async def proven(world: World, video_id: UUID, flaws: Flaws) -> None:
    """Wait until there is no flaw left, or fail with those that stay."""
    found: Sequence[str] = ()

    async def is_flawless() -> bool:
        nonlocal found
        found = await flaws(world, video_id)
        return not found

    try:
        await until(is_flawless, within_s=SETTLED_S)
    except TimeoutError:
        raise AssertionError(f"{video_id}: {found}") from None


async def flaws_of_ready(world: World, video_id: UUID) -> Sequence[str]:
    """One set of assets, one job result, one effect for each delivery, nothing left over."""
    return [
        *await _flaws_of_jobs(world, video_id),
        *await _flaws_of_assets(world, video_id),
        *await flaws_of_messages(world, video_id),
        *await flaws_of_uploads(world, video_id, completed=1),
    ]


async def _flaws_of_jobs(world: World, video_id: UUID) -> Sequence[str]:
    jobs = Counter(await _column(world, JOBS, video_id))
    results = await _column(world, RESULTS, video_id)
    running = await world.db.fetchval(RUNNING, video_id)
    flaws: list[str] = []
    if jobs["SUCCEEDED"] != 1 or set(jobs) - {"SUCCEEDED", "CANCELED"}:
        flaws.append(f"jobs {dict(jobs)}")
    if results != ["READY"]:
        flaws.append(f"results {results}")
    if running:
        flaws.append(f"{running} attempts are running")
    return flaws


async def _flaws_of_assets(world: World, video_id: UUID) -> Sequence[str]:
    winners = await _column(world, WINNERS, video_id)
    rows = await world.db.fetch(ASSETS, video_id)
    keys = await keys_of(world, f"videos/{video_id}/hls/")
    if len(winners) != 1:
        return [f"winners {winners}"]
    flaws: list[str] = []
    named = [row["file_key"] for row in rows]
    masters = [row["file_key"] for row in rows if row["type"] == "HLS_MASTER"]
    if masters != [f"{winners[0]}master.m3u8"] or len(named) != len(set(named)):
        flaws.append(f"assets {named}")
    if missing := set(named) - keys:
        flaws.append(f"assets without an object: {missing}")
    if strange := {key for key in keys if not is_of_attempt(key, winners[0])}:
        flaws.append(f"objects of others: {strange}")
    return flaws


async def flaws_of_messages(world: World, video_id: UUID) -> Sequence[str]:
    """Tell which messages are not delivered, or had no effect, or more than one."""
    flaws: list[str] = []
    for service in SERVICES:
        waiting = await world.db.fetch(UNDELIVERED.format(service), video_id)
        flaws += [f"{service} still owes {dict(row)}" for row in waiting]
    for service in ("upload", "transcode"):
        unheard = await _column(world, UNHEARD.format(service), video_id)
        flaws += [f"{service}'s {message_id} has not one effect" for message_id in unheard]
    return flaws


async def flaws_of_uploads(world: World, video_id: UUID, *, completed: int) -> Sequence[str]:
    """Tell what an upload left: an open multipart upload, a live session, a wrong source."""
    prefix = f"videos/{video_id}/"
    answer = await world.s3.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix)
    sources = await keys_of(world, f"{prefix}source.")
    sessions = Counter(await _column(world, SESSIONS, video_id))
    flaws = [f"open upload {one.get('UploadId')}" for one in answer.get("Uploads", [])]
    if len(sources) != completed:
        flaws.append(f"sources {sources}")
    if sessions["COMPLETED"] != completed or LIVE & set(sessions):
        flaws.append(f"sessions {dict(sessions)}")
    return flaws


async def keys_of(world: World, prefix: str) -> set[str]:
    pages = world.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return {found.get("Key", "") async for page in pages for found in page.get("Contents", [])}


async def _column(world: World, select: str, video_id: UUID) -> list[Any]:
    return [row[0] for row in await world.db.fetch(select, video_id)]


async def flaws_of_failed(world: World, video_id: UUID) -> Sequence[str]:
    """No assets, at most one job and one result, and they failed; nothing left over."""
    jobs, results = (
        await _column(world, JOBS, video_id),
        await _column(world, RESULTS, video_id),
    )
    flaws = [*await flaws_of_messages(world, video_id), *await _flaws_of_nothing(world, video_id)]
    if jobs not in ([], ["FAILED"]) or results != ["FAILED"] * len(jobs):
        flaws.append(f"jobs {jobs}, results {results}")
    completed = (await _column(world, SESSIONS, video_id)).count("COMPLETED")
    return [*flaws, *await flaws_of_uploads(world, video_id, completed=min(1, completed))]


async def _flaws_of_nothing(world: World, video_id: UUID) -> Sequence[str]:
    rows = await world.db.fetch(ASSETS, video_id)
    keys = await keys_of(world, f"videos/{video_id}/hls/")
    return [f"{len(rows)} assets, {len(keys)} objects"] if rows or keys else []


OWED: Final = "SELECT count(*) FROM {}.outbox WHERE delivered_at IS NULL"
UNFINISHED: Final = """
SELECT (SELECT count(*) FROM transcode.jobs WHERE state IN ('QUEUED', 'RUNNING'))
     + (SELECT count(*) FROM video.videos WHERE status NOT IN ('READY', 'FAILED'))
"""
TWICE: Final = """
SELECT video_id FROM transcode.job_attempts WHERE state = 'SUCCEEDED'
 GROUP BY video_id HAVING count(*) > 1
"""
READY: Final = """
SELECT id FROM video.videos v WHERE status = 'READY' AND deleted_at IS NULL
   AND EXISTS (SELECT FROM transcode.outbox WHERE key = v.id)
"""


async def quiet(world: World) -> None:
    """Assert that a stack at rest owes nothing, and that every film is still as it was proven."""
    for service in SERVICES:
        owed = await world.db.fetchval(OWED.format(service))
        assert owed == 0, f"{service} owes {owed} messages"
    assert await world.db.fetchval(UNFINISHED) == 0
    assert await world.db.fetch(TWICE) == []
    for row in await world.db.fetch(READY):
        assert await flaws_of_ready(world, row["id"]) == []
    for queue, url in world.stack.queues.items():
        await _has_no_dead_letters(world, url.replace(queue, dead_letters(queue)))


async def _has_no_dead_letters(world: World, url: str) -> None:
    async with world.stack.sqs() as sqs:
        wanted = "ApproximateNumberOfMessages"
        answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[wanted])
        assert answer.get("Attributes", {}).get(wanted) == "0", url
