"""The command `reel`."""

import click

from reel_client.cli.sessions import cancel, pause, resume
from reel_client.cli.upload import upload
from reel_client.cli.videos import delete, list_videos, play, retry, show, watch

EPILOG = """\b
Exit codes:
  0    done
  1    the API, the store or the network said no, or the video is FAILED
  2    refused before any request: wrong usage, wrong type or size, changed file
  130  interrupted; an upload can be continued with the same command"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reel-client", prog_name="reel")
def main() -> None:
    """Upload property tours to Reel and follow them until they play.

    The API's address and your token are taken from REEL_API and REEL_TOKEN.
    """


for _command in (upload, watch, list_videos, show, play, pause, resume, cancel, delete, retry):
    main.add_command(_command)
