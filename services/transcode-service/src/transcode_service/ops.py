"""What operators ask and do: `python -m transcode_service.ops --help`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click
from msgspec import json

from reel_db.outbox_ops import list_dead, replay_dead
from reel_db.pool import Connection, Pool, transaction
from reel_kernel.effects import Effect
from transcode_service.adapters.pg_attempts import PgAttempts
from transcode_service.adapters.pg_consumption import PgConsumption
from transcode_service.adapters.pg_jobs import PgJobs
from transcode_service.bootstrap import database
from transcode_service.domain.job import JobState
from transcode_service.settings import Settings

T = TypeVar("T")


@click.group()
def main() -> None:
    """Look after the transcode-service. Reads the same TRANSCODE_* variables; prints JSON lines."""


@main.command()
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def jobs(state: str | None, limit: int) -> None:
    """List the jobs that changed last."""

    async def read(connection: Connection) -> None:
        chosen = JobState(state) if state else None
        for found in await PgJobs(connection).latest(state=chosen, limit=limit):
            _print(found)

    _in_transaction(read)


@main.command()
@click.argument("job_id", type=click.UUID)
def job(job_id: UUID) -> None:
    """Show one job and its attempts."""

    async def read(connection: Connection) -> None:
        found = await PgJobs(connection).get(job_id)
        if found is None:
            raise click.ClickException(f"There is no job {job_id}")
        _print(found)
        for attempt in await PgAttempts(connection).of_job(job_id):
            _print(attempt)

    _in_transaction(read)


@main.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
def dead(limit: int) -> None:
    """List the outbox messages that were given up, latest first."""

    async def read(connection: Connection) -> None:
        for row in await list_dead(connection, limit=limit):
            click.echo(
                json.encode(
                    {
                        "id": row.id,
                        "destination": row.destination,
                        "key": row.key,
                        "attempts": row.attempts,
                        "createdAt": row.created_at,
                        "deadAt": row.dead_at,
                        "lastError": row.last_error,
                        "body": json.decode(row.body),
                    }
                ).decode()
            )

    _in_transaction(read)


@main.command()
@click.argument("message_ids", type=click.UUID, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every dead message.")
def replay(message_ids: tuple[UUID, ...], *, everything: bool) -> None:
    """Deliver dead outbox messages once more; a running worker takes them at once."""
    if bool(message_ids) == everything:
        raise click.UsageError("Give the ids of messages, or --all")

    async def revive(pool: Pool) -> int:
        return await replay_dead(pool, None if everything else message_ids)

    click.echo(f"{_with_pool(revive)} to be delivered again")


@main.command()
@click.option("--reason", help="Shown by `status` and in the workers' logs.")
@click.option("--now", is_flag=True, help="Hand running jobs back instead of finishing them.")
def pause(reason: str | None, *, now: bool) -> None:
    """Take no more jobs, in every worker within 2 s; they wait in the queue until `resume`.

    Running jobs are finished, or with --now handed back, which counts as no failure.
    """

    async def write(connection: Connection) -> None:
        await PgConsumption(connection).pause(reason, interrupt=now)
        await _print_status(connection)

    _in_transaction(write, Effect.JOBS_PAUSED)


@main.command()
def resume() -> None:
    """Take jobs again."""

    async def write(connection: Connection) -> None:
        await PgConsumption(connection).resume()
        await _print_status(connection)

    _in_transaction(write, Effect.JOBS_RESUMED)


@main.command()
def status() -> None:
    """Tell whether jobs are taken, and how many are unfinished; RUNNING 0 means drained."""
    _in_transaction(_print_status)


async def _print_status(connection: Connection) -> None:
    consumption = PgConsumption(connection)
    wanted = await consumption.get()
    _print(
        {
            "paused": wanted.is_paused,
            "pausedAt": wanted.paused_at,
            "reason": wanted.reason,
            "interrupt": wanted.interrupt,
            "unfinished": await consumption.unfinished(),
        }
    )


def _in_transaction(work: Callable[[Connection], Awaitable[T]], effect: Effect | None = None) -> T:
    async def run(pool: Pool) -> T:
        async with transaction(pool, effect) as connection:
            return await work(connection)

    return _with_pool(run)


def _with_pool(work: Callable[[Pool], Awaitable[T]]) -> T:
    settings = Settings.from_env(os.environ)

    async def run() -> T:
        async with database(settings, "ops") as pool:
            return await work(pool)

    return asyncio.run(run())


def _print(found: object) -> None:
    click.echo(json.encode(found).decode())


if __name__ == "__main__":
    main()
