"""What every command needs: where the API is, who we are, and how failures end the program."""

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from reel_client.cli.failures import INTERRUPTED, exit_code, report
from reel_client.client import ReelClient
from reel_client.errors import ReelError
from reel_client.state import default_state_dir

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Connection:
    """Opens clients; its printed form holds no token."""

    api: str
    state_dir: Path
    _token: str

    def client(self) -> ReelClient:
        return ReelClient(self.api, self._token, state_dir=self.state_dir)

    def __repr__(self) -> str:
        return f"Connection({self.api})"


def connected(command: Callable[Concatenate[Connection, P], R]) -> Callable[P, R]:
    """Add --api, --token and --state-dir, and pass them as one `Connection`."""

    @click.option(
        "--api",
        envvar="REEL_API",
        show_envvar=True,
        required=True,
        metavar="URL",
        help="Address of the API.",
    )
    @click.option(
        "--token",
        envvar="REEL_TOKEN",
        show_envvar=True,
        required=True,
        metavar="JWT",
        help="Your token; better by the variable, which other users cannot see.",
    )
    @click.option(
        "--state-dir",
        envvar="REEL_STATE_DIR",
        show_envvar=True,
        type=click.Path(path_type=Path, file_okay=False),
        default=default_state_dir,
        show_default="your state folder",
        help="Where interrupted uploads are remembered.",
    )
    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        api, token = str(kwargs.pop("api")), str(kwargs.pop("token"))
        state_dir = Path(str(kwargs.pop("state_dir")))
        return command(Connection(api.rstrip("/"), state_dir, token), *args, **kwargs)

    return wrapper


def run(
    main: Coroutine[None, None, R],
    *,
    hint: str | None = None,
    on_interrupt: Callable[[], str] = lambda: "interrupted",
) -> R:
    """Run a command's coroutine; a failure ends the program with its exit code."""
    try:
        return asyncio.run(main)
    except ReelError as failure:
        report(failure, hint)
        sys.exit(exit_code(failure))
    except KeyboardInterrupt:
        click.echo(f"\n{on_interrupt()}", err=True)
        sys.exit(INTERRUPTED)
