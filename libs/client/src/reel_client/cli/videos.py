"""`reel watch`, `list`, `show`, `play`, `delete`, `retry`."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar
from uuid import UUID

import click
import msgspec
from rich.console import Console

from reel_client.cli.connection import Connection, connected, run
from reel_client.cli.display import STYLES
from reel_client.cli.watching import conclude, follow
from reel_client.client import ReelClient
from reel_contracts.videos import VideoStatus, VideoSummary, VideoView

T = TypeVar("T")
VIDEO_ID = click.argument("video_id", metavar="ID", type=click.UUID)


def _with_client(connection: Connection, use: Callable[[ReelClient], Awaitable[T]]) -> T:
    async def session() -> T:
        async with connection.client() as reel:
            return await use(reel)

    return run(session())


@click.command()
@VIDEO_ID
@connected
def watch(connection: Connection, video_id: UUID) -> None:
    """Show the video's states until it is READY (its stream URL) or FAILED (exit code 1)."""
    conclude(_with_client(connection, lambda reel: follow(reel, video_id)))


@click.command("list")
@click.option("--status", type=click.Choice([*VideoStatus], case_sensitive=False))
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--all", "is_all", is_flag=True, help="All of them, whatever the limit.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@connected
def list_videos(
    connection: Connection,
    *,
    status: VideoStatus | None,
    limit: int,
    is_all: bool,
    is_json: bool,
) -> None:
    """List your videos, newest first."""
    count = None if is_all else limit
    videos = _with_client(connection, lambda reel: _collect(reel, status, count))
    if is_json:
        for video in videos:
            click.echo(msgspec.json.encode(video))
    else:
        _table(videos)


async def _collect(
    reel: ReelClient, status: VideoStatus | None, count: int | None
) -> list[VideoSummary]:
    found: list[VideoSummary] = []
    page_size = min(count or 100, 100)
    async with aclosing(reel.list_videos(status=status, page_size=page_size)) as videos:
        async for video in videos:
            found.append(video)
            if len(found) == count:
                break
    return found


def _table(videos: list[VideoSummary]) -> None:
    console = Console()
    for video in videos:
        line = f"{video.id}  {video.status:<11}  {video.created_at:%Y-%m-%d %H:%M}  {video.title}"
        style = STYLES.get(video.status) if console.is_terminal else None
        console.print(line, style=style, soft_wrap=True, highlight=False, markup=False)


@click.command()
@VIDEO_ID
@click.option("--json", "is_json", is_flag=True, help="The answer of the API as it is.")
@connected
def show(connection: Connection, video_id: UUID, *, is_json: bool) -> None:
    """Show everything the API says of a video."""
    view = _with_client(connection, lambda reel: reel.get_video(video_id))
    if is_json:
        click.echo(msgspec.json.format(msgspec.json.encode(view)))
        return
    for name, value in _facts(view):
        click.echo(f"{name:<12} {value}")


def _facts(view: VideoView) -> list[tuple[str, object]]:
    size = f"{view.width} × {view.height}" if view.width else None
    duration = f"{view.duration_seconds:.1f} s" if view.duration_seconds else None
    facts: list[tuple[str, object | None]] = [
        ("id", view.id),
        ("title", view.title),
        ("description", view.description),
        ("status", view.status),
        ("fail reason", view.fail_reason),
        ("stream", view.playback.stream_url),
        ("poster", view.poster_url),
        ("storyboard", view.storyboard_url),
        ("duration", duration),
        ("size", size),
        ("created", f"{view.created_at:%Y-%m-%d %H:%M:%S %Z}"),
        ("updated", f"{view.updated_at:%Y-%m-%d %H:%M:%S %Z}"),
    ]
    return [(name, value) for name, value in facts if value is not None]


@click.command()
@VIDEO_ID
@connected
def play(connection: Connection, video_id: UUID) -> None:
    """Print the stream URL of a READY video; else the reason, with exit code 1."""
    conclude(_with_client(connection, lambda reel: reel.get_video(video_id)))


@click.command()
@VIDEO_ID
@connected
def delete(connection: Connection, video_id: UUID) -> None:
    """Delete a video with all that belongs to it."""
    _with_client(connection, lambda reel: reel.delete_video(video_id))
    click.echo(f"{video_id} deleted")


@click.command()
@VIDEO_ID
@connected
def retry(connection: Connection, video_id: UUID) -> None:
    """Transcode a FAILED video once more, from the source that was uploaded."""
    view = _with_client(connection, lambda reel: reel.retry_video(video_id))
    click.echo(f"{video_id} {view.status}")
