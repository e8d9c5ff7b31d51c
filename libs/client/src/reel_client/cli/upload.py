"""`reel upload`."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console

from reel_client.cli.connection import Connection, connected, run
from reel_client.cli.display import size_text, upload_display
from reel_client.cli.watching import conclude, follow
from reel_client.client import PARALLEL, ReelClient, Uploaded
from reel_client.progress import Progress

KEPT = "what was uploaded is kept; the same command goes on from there"


@dataclass(slots=True)
class Upload:
    """One run of the command, and the last progress it saw."""

    path: Path
    title: str | None
    description: str | None
    video_id: UUID | None
    parallel: int
    restart: bool
    last: Progress | None = field(default=None, init=False)

    async def run(self, reel: ReelClient) -> Uploaded:
        with upload_display(Console(stderr=True)) as show:

            def seen(progress: Progress) -> None:
                self.last = progress
                show(progress)

            return await reel.upload(
                self.path,
                title=self.title,
                description=self.description,
                video_id=self.video_id,
                parallel=self.parallel,
                restart=self.restart,
                on_progress=seen,
            )

    def interrupted(self) -> str:
        if self.last is None:
            return "interrupted before the first part"
        kept = f"{self.last.parts_done} of {self.last.parts_total} parts are stored"
        return f"interrupted: {kept}; go on with: reel upload {shlex.quote(str(self.path))}"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--title", help="Title of the video.  [default: the file's name]")
@click.option("--description", help="Description of the video.")
@click.option("--video", "video_id", type=click.UUID, help="Upload to this existing video.")
@click.option(
    "--parallel",
    type=click.IntRange(1, 32),
    default=PARALLEL,
    show_default=True,
    help="Parts in flight at once.",
)
@click.option("--restart", is_flag=True, help="Give up an interrupted upload and begin anew.")
@click.option("--watch/--no-watch", default=False, help="Wait until it plays.  [default: no]")
@connected
def upload(
    connection: Connection,
    file: Path,
    *,
    title: str | None,
    description: str | None,
    video_id: UUID | None,
    parallel: int,
    restart: bool,
    watch: bool,
) -> None:
    """Upload FILE, a MOV, MP4, 3GP, AVI or WMV of at most 1.5 GiB.

    An upload that was interrupted, by Ctrl-C, a kill or a lost network, goes on when the same
    command is given again: only what is missing is sent.
    """
    job = Upload(file, title, description, video_id, parallel, restart)

    async def session() -> None:
        async with connection.client() as reel:
            uploaded = await job.run(reel)
            _say(uploaded)
            if watch:
                conclude(await follow(reel, uploaded.video_id))
            else:
                click.echo(uploaded.video_id)

    run(session(), hint=KEPT, on_interrupt=job.interrupted)


def _say(uploaded: Uploaded) -> None:
    sent = size_text(uploaded.size_bytes - uploaded.resumed_bytes)
    earlier = f", {size_text(uploaded.resumed_bytes)} earlier" if uploaded.resumed_bytes else ""
    click.echo(f"uploaded video {uploaded.video_id}: {sent} sent{earlier}", err=True)
