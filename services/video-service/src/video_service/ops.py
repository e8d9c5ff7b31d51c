"""Commands for whoever is on call: `python -m video_service.ops --help`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
import msgspec

from reel_db import outbox_ops
from reel_db.pool import Connection, transaction
from video_service.adapters.video_record import video_record
from video_service.bootstrap import database
from video_service.settings import Settings

T = TypeVar("T")


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
    count = _run(lambda connection: outbox_ops.replay(connection, ids))
    click.echo(f"{count} replayed")
    if count < len(message_ids):
        raise click.ClickException(f"{len(message_ids) - count} of them are not dead messages")


@cli.command()
def depth() -> None:
    """Print how many messages are pending and dead, and the age of the oldest in seconds."""
    _print(_members(_run(outbox_ops.depth)))


def _run(query: Callable[[Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        settings = Settings.from_env(os.environ)
        async with database(settings, "ops") as pool, transaction(pool) as connection:
            return await query(connection)

    return asyncio.run(run())


def _members(row: outbox_ops.DeadRow | outbox_ops.OutboxDepth) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__slots__}


def _print(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


if __name__ == "__main__":
    cli()
