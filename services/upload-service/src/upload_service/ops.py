"""Looking after the service: `python -m upload_service.ops --help`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final
from uuid import UUID

import click
import msgspec

from reel_db import outbox_ops
from reel_db.pool import Pool, transaction
from upload_service.bootstrap import database
from upload_service.settings import Settings

SELECT_SESSION: Final = "SELECT to_jsonb(s) FROM upload_sessions s WHERE id = $1"
SELECT_SESSIONS: Final = """
SELECT to_jsonb(s) FROM upload_sessions s WHERE video_id = $1 ORDER BY created_at, id
"""


# What has not moved for so long, and what the sweep is going to do about it, and when.
SELECT_STALE: Final = """
SELECT to_jsonb(stale) FROM (
  SELECT id, video_id, status, updated_at, completing_at, provider_upload_id, fail_reason,
         extract(epoch FROM now() - updated_at)::bigint AS age_s,
         CASE
           WHEN status = 'FAILED' AND announced_at IS NULL THEN 'announce at the end of its life'
           WHEN status IN ('COMPLETED', 'FAILED', 'CANCELED') THEN 'clean up in the store'
           WHEN completing_at IS NOT NULL THEN 'end the interrupted completion'
           ELSE 'expire at the end of its life'
         END AS next
    FROM upload_sessions
   WHERE updated_at < now() - make_interval(secs => $1)
     AND (status IN ('INITIATED', 'IN_PROGRESS', 'PAUSED') OR provider_settled_at IS NULL
          OR (status = 'FAILED' AND announced_at IS NULL))
   ORDER BY updated_at
   LIMIT $2) AS stale
"""


@click.group()
def ops() -> None:
    """Look after upload-service. Reads the same UPLOAD_* variables; prints JSON lines."""


@ops.command()
@click.option("--limit", default=100, show_default=True, help="Most rows to show.")
def dead(limit: int) -> None:
    """List webhooks that were given up, latest first."""

    async def list_dead(pool: Pool) -> None:
        async with transaction(pool) as connection:
            for row in await outbox_ops.list_dead(connection, limit=limit):
                _print({**asdict(row), "body": msgspec.Raw(row.body)})

    _with_database(list_dead)


@ops.command()
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--all", "everything", is_flag=True, help="Every dead webhook.")
def replay(ids: tuple[UUID, ...], *, everything: bool) -> None:
    """Deliver dead webhooks again: those with IDS, or --all. The running worker picks them up."""
    if bool(ids) == everything:
        raise click.UsageError("Give either ids or --all")

    async def revive(pool: Pool) -> None:
        count = await outbox_ops.replay_dead(pool, None if everything else ids)
        _print({"replayed": count})

    _with_database(revive)


@ops.command()
@click.argument("session_id", type=click.UUID)
def session(session_id: UUID) -> None:
    """Show one upload session as it is stored."""

    async def show(pool: Pool) -> None:
        row = await pool.fetchval(SELECT_SESSION, session_id)
        if row is None:
            raise click.ClickException(f"No upload session {session_id}")
        _print(row)

    _with_database(show)


@ops.command()
@click.argument("video_id", type=click.UUID)
def sessions(video_id: UUID) -> None:
    """List every upload session of a video, oldest first."""

    async def show(pool: Pool) -> None:
        for row in await pool.fetch(SELECT_SESSIONS, video_id):
            _print(row[0])

    _with_database(show)


@ops.command()
@click.option(
    "--older-than", "older_than_s", default=3600, show_default=True, help="Seconds untouched."
)
@click.option("--limit", default=100, show_default=True, help="Most rows to show.")
def stale(older_than_s: int, limit: int) -> None:
    """List sessions that are not over and done with, oldest first, and what happens to each."""

    async def show(pool: Pool) -> None:
        for row in await pool.fetch(SELECT_STALE, older_than_s, limit):
            _print(row[0])

    _with_database(show)


def _with_database(work: Callable[[Pool], Awaitable[None]]) -> None:
    settings = Settings.from_env(os.environ)

    async def run() -> None:
        async with database(settings, "ops") as pool:
            await work(pool)

    asyncio.run(run())


def _print(value: object) -> None:
    click.echo(msgspec.json.encode(value).decode())


if __name__ == "__main__":
    ops()
