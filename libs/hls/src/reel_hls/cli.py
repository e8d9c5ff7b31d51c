"""The command `reel-hls-check`."""

import asyncio
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table

from reel_hls.fetching import CannotFetch, NotThere
from reel_hls.findings import Report
from reel_hls.http_fetcher import http_fetcher
from reel_hls.inspection import inspect
from reel_hls.measure import MAX_SEGMENT_BYTES

OK: Final = 0
FOUND: Final = 1
CANNOT_FETCH: Final = 2
EPILOG: Final = """\b
Exit codes:
  0  the presentation is what it says (there may be warnings)
  1  errors were found; with --strict, warnings too
  2  it could not be fetched, or the command was used wrongly"""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--strict", is_flag=True, help="Let warnings fail the check.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(1, 3600),
    default=600,
    show_default=True,
    help="Most seconds for the whole check.",
)
def main(url: str, *, as_json: bool, strict: bool, timeout_s: float) -> None:
    """Check the HLS film whose master or media playlist is at URL, down to its pictures."""
    try:
        report = asyncio.run(_check(url, timeout_s))
    except (CannotFetch, NotThere, TimeoutError) as error:
        click.echo(f"cannot fetch {url}: {error or 'it took too long'}", err=True)
        raise click.exceptions.Exit(CANNOT_FETCH) from error
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        _print(report)
    failed = report.findings if strict else report.errors
    raise click.exceptions.Exit(FOUND if failed else OK)


async def _check(url: str, timeout_s: float) -> Report:
    async with (
        asyncio.timeout(timeout_s),
        http_fetcher(timeout_s=min(timeout_s, 30), max_bytes=MAX_SEGMENT_BYTES) as fetcher,
    ):
        return await inspect(fetcher, url)


def _print(report: Report) -> None:
    console = Console()
    if report.findings:
        table = Table("severity", "code", "place", "message")
        base = report.uri.rpartition("/")[0] + "/"
        for found in report.findings:
            place = found.place.removeprefix(base)
            table.add_row(found.severity, found.code, place, found.message)
        console.print(table)
    warnings = len(report.findings) - len(report.errors)
    console.print(
        f"{len(report.errors)} errors, {warnings} warnings in {report.playlists} playlists and "
        f"{report.segments} segments; {report.duration_s:.3f} s, {report.bytes_read} bytes read"
    )
