"""`reel pause`, `reel resume`, `reel cancel`: the upload session, by what a person knows of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import click

from reel_client.cli.connection import Connection, connected, run
from reel_client.client import ReelClient
from reel_client.state import StateStore
from reel_contracts.uploads import UploadState

TARGET_HELP = "TARGET is the file, the video's id or the upload session's id."


def session_id(state: StateStore, target: str) -> UUID:
    """Return the session that `target` means; an id that no state file knows is a session's own.

    Raises:
        click.UsageError: neither a file whose upload was interrupted here, nor an id.
    """
    try:
        wanted = UUID(target)
    except ValueError:
        record = state.find_path(Path(target))
        if record is None or record.session_id is None:
            raise click.UsageError(f"{target} is no id, and no upload of it is open") from None
        return record.session_id
    record = state.find_id(wanted)
    return record.session_id if record and record.session_id else wanted


Verb = Callable[[ReelClient, UUID], Awaitable[UploadState]]


def _apply(connection: Connection, target: str, verb: Verb) -> None:
    async def session() -> None:
        async with connection.client() as reel:
            state = await verb(reel, session_id(reel.state, target))
        click.echo(f"{state.upload_session_id} {state.status}")

    run(session())


@click.command(epilog=TARGET_HELP)
@click.argument("target")
@connected
def pause(connection: Connection, target: str) -> None:
    """Pause an upload; one that is running waits until it is resumed."""
    _apply(connection, target, ReelClient.pause)


@click.command(epilog=TARGET_HELP)
@click.argument("target")
@connected
def resume(connection: Connection, target: str) -> None:
    """Resume a paused upload; `reel upload FILE` does so by itself."""
    _apply(connection, target, ReelClient.resume)


@click.command(epilog=TARGET_HELP)
@click.argument("target")
@connected
def cancel(connection: Connection, target: str) -> None:
    """Cancel an upload for good; what was stored of it is thrown away."""
    _apply(connection, target, ReelClient.cancel)
