"""Commands for whoever is on call: `python -m video_service.ops --help`."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import click
import msgspec
import structlog

from reel_db import outbox_ops
from reel_db.pool import Connection, Pool, transaction
from reel_kernel.effects import Effect
from reel_observability import logs
from reel_observability.effects import happened
from video_service.adapters.video_record import video_record
from video_service.bootstrap import SERVICE, build_deps, cdn, database, policy, source_store
from video_service.domain.errors import CdnUnavailable
from video_service.domain.stuck import Stuck
from video_service.domain.video import Video
from video_service.ports import Deps
from video_service.settings import Settings
from video_service.usecases.freeze import freeze as freeze_in_flight
from video_service.usecases.replay_frozen import Outcome
from video_service.usecases.replay_frozen import replay_frozen as replay_in_order

T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Look into video-service and its outbox; configured by the same VIDEO_* variables."""


@cli.command()
@click.argument("video_id", type=click.UUID)
def video(video_id: UUID) -> None:
    """Print all that is known of VIDEO_ID: row, assets, outbox messages."""
    record = _run(lambda connection: video_record(connection, video_id))
    if record is None:
        raise click.ClickException(f"No video {video_id}")
    _print(record)


@cli.command()
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def dead(limit: int) -> None:
    """List the messages that were given up, latest first, one JSON line each."""
    for row in _run(lambda connection: outbox_ops.list_dead(connection, limit=limit)):
        click.echo(msgspec.json.encode({**_members(row), "body": row.body.decode()}))


@cli.command()
@click.argument("message_ids", nargs=-1, type=click.UUID)
@click.option("--all", "every", is_flag=True, help="Replay every dead message.")
def replay(message_ids: tuple[UUID, ...], *, every: bool) -> None:
    """Deliver dead messages again: those with MESSAGE_IDS, or --all."""
    if bool(message_ids) == every:
        raise click.UsageError("Name message ids, or pass --all")
    ids = None if every else list(message_ids)
    count = _with_pool(lambda pool: outbox_ops.replay_dead(pool, ids))
    click.echo(f"{count} replayed")
    if count < len(message_ids):
        raise click.ClickException(f"{len(message_ids) - count} of them are not dead messages")


@cli.command()
def depth() -> None:
    """Print how many messages are pending and dead, and the age of the oldest in seconds."""
    _print(_members(_run(outbox_ops.depth)))


@cli.command()
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def stuck(limit: int) -> None:
    """List videos that are under way for too long, and what the next sweep does with each."""

    async def show(deps: Deps, settings: Settings) -> None:
        now = deps.now()
        for one in await deps.work.stuck(policy(settings).patience, now=now, limit=limit):
            _line({**_stuck(one), "silent_s": round((now - one.since).total_seconds())})

    _with_deps(show)


@cli.command()
@click.argument("video_id", type=click.UUID)
def receipt(video_id: UUID) -> None:
    """Print what was deleted of VIDEO_ID, and when; also after its rows are gone."""

    async def show(deps: Deps, _settings: Settings) -> None:
        async with deps.begin() as tx:
            found = await tx.receipts.find(video_id)
        if found is None:
            raise click.ClickException(f"Video {video_id} was never deleted")
        _print({**msgspec.to_builtins(found), "missing": found.missing})

    _with_deps(show)


@cli.command()
@click.option(
    "--older-than",
    "older_than_s",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Only videos that are TRANSCODING for so many seconds.",
)
@click.option("--dry-run", is_flag=True, help="Tell which, and change nothing.")
def freeze(older_than_s: float, *, dry_run: bool) -> None:
    """Rollback: fail TRANSCODING videos with reason ROLLBACK, and cancel their jobs."""

    async def run(deps: Deps, _settings: Settings) -> None:
        before = deps.now() - timedelta(seconds=older_than_s)
        async for video in freeze_in_flight(deps, before=before, is_dry_run=dry_run):
            _line({**_video(video), "outcome": "WOULD_FREEZE" if dry_run else "FROZEN"})

    _with_deps(run)


@cli.command()
@click.option("--rate", "per_s", default=1.0, show_default=True, type=click.FloatRange(0.01, 100))
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--dry-run", is_flag=True, help="Tell which, and change nothing.")
def replay_frozen(per_s: float, limit: int, *, dry_run: bool) -> None:
    """Rollback: transcode frozen videos again, RATE a second; safe to run twice.

    Exits with 1 if a video could not be replayed; its line says why.
    """

    async def run(deps: Deps, _settings: Settings) -> bool:
        is_whole = True
        replays = replay_in_order(deps, per_s=per_s, limit=limit, is_dry_run=dry_run)
        async for one in replays:
            _line({**_video(one.video), "outcome": one.outcome})
            is_whole &= one.outcome not in {Outcome.SOURCE_MISSING, Outcome.STORE_UNAVAILABLE}
        return is_whole

    if not _with_deps(run):
        raise SystemExit(1)


@cli.command()
@click.argument("video_id", type=click.UUID)
def invalidate(video_id: UUID) -> None:
    """Have the CDN forget all it has of VIDEO_ID; costly, for a polluted cache only."""

    async def run(_deps: Deps, settings: Settings) -> None:
        async with cdn(settings) as cache:
            try:
                reference = await cache.forget(video_id, reference=str(uuid4()))
            except CdnUnavailable as error:
                raise click.ClickException(f"The CDN did not take it: {error}") from error
        happened(Effect.CDN_INVALIDATED_BY_HAND)
        log.warning("cache_invalidated", video_id=str(video_id), reference=reference)
        _line({"videoId": video_id, "invalidation": reference})

    _with_deps(run)


def _stuck(one: Stuck) -> dict[str, object]:
    return {
        **_video(one.video),
        "since": one.since,
        "message": one.message,
        "resolution": one.resolution,
    }


def _video(video: Video) -> dict[str, object]:
    return {"videoId": video.id, "status": video.status, "jobId": video.job_id}


def _with_deps(work: Callable[[Deps, Settings], Awaitable[T]]) -> T:
    async def run() -> T:
        settings = Settings.from_env(os.environ)
        logs.configure(SERVICE, settings.log_level, stream=sys.stderr)
        async with _deps(settings) as deps:
            return await work(deps, settings)

    return asyncio.run(run())


@asynccontextmanager
async def _deps(settings: Settings) -> AsyncGenerator[Deps]:
    async with database(settings, "ops") as pool, source_store(settings) as sources:
        yield build_deps(pool, sources)


def _line(value: object) -> None:
    click.echo(msgspec.json.encode(value))


def _run(query: Callable[[Connection], Awaitable[T]]) -> T:
    async def run(pool: Pool) -> T:
        async with transaction(pool) as connection:
            return await query(connection)

    return _with_pool(run)


def _with_pool(work: Callable[[Pool], Awaitable[T]]) -> T:
    async def run() -> T:
        settings = Settings.from_env(os.environ)
        async with database(settings, "ops") as pool:
            return await work(pool)

    return asyncio.run(run())


def _members(row: outbox_ops.DeadRow | outbox_ops.OutboxDepth) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__slots__}


def _print(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


if __name__ == "__main__":
    cli()
