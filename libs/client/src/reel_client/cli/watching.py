"""Follow a video to its end and say how it ended."""

import sys
from uuid import UUID

import click
from rich.console import Console

from reel_client.cli.display import StatusLines
from reel_client.cli.failures import FAILED
from reel_client.client import ReelClient
from reel_contracts.videos import VideoStatus, VideoView


async def follow(reel: ReelClient, video_id: UUID) -> VideoView:
    """Show each state on standard error; return the READY or FAILED view."""
    lines = StatusLines(Console(stderr=True))
    view: VideoView | None = None
    async for view in reel.watch(video_id):
        lines.show(view.status, view.progress)
    if view is None:
        raise AssertionError  # a watch yields at least once
    return view


def conclude(view: VideoView) -> None:
    """Print the stream URL, or end the program with the reason why there is none."""
    if view.status is VideoStatus.READY and view.playback.stream_url:
        click.echo(view.playback.stream_url)
        return
    reason = f" ({view.fail_reason})" if view.fail_reason else ""
    click.echo(f"reel: {view.id} is {view.status}{reason}: there is no stream", err=True)
    sys.exit(FAILED)
