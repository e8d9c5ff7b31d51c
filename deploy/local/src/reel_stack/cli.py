"""The `reel-stack` command."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import click
import psutil
from rich.console import Console

from reel_stack import detached, keys, lock, stackfile, tokens
from reel_stack.demo import demo
from reel_stack.errors import AlreadyRunning, StackError
from reel_stack.follow import follow
from reel_stack.layout import SERVERS_VENV, VAR, VAR_VARIABLE, Layout
from reel_stack.options import PARTS, PORTS, SERVERS, Options
from reel_stack.report import Report, addresses

DOWN_S: Final = 90.0
DIRECTORY: Final = click.Path(file_okay=False, path_type=Path, resolve_path=True)
console = Console()

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def var_option(command: Decorated) -> Decorated:
    """The option every command has."""
    return click.option(
        "--var",
        type=DIRECTORY,
        default=VAR,
        envvar=VAR_VARIABLE,
        show_envvar=True,
        help="State directory; by default var/ of the clone.",
    )(command)


def port_options(command: Decorated) -> Decorated:
    """One option a port: --gateway-port and so on."""
    for name in reversed(PORTS):
        help_text = f"Port of {name}; chosen free unless given."
        port = click.IntRange(1, 65535)
        command = click.option(f"--{name}-port", type=port, help=help_text)(command)
    return command


class Commands(click.Group):
    """Prints a StackError as one message and exits with status 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except StackError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands)
def main() -> None:
    """Run every part of Reel on this machine: servers, services, gateway and CDN."""


@main.command("up")
@var_option
@click.option(
    "--servers",
    type=DIRECTORY,
    default=SERVERS_VENV,
    envvar="REEL_SERVERS_VENV",
    show_envvar=True,
    help="Virtual environment that holds the servers; by default .tools/servers of the clone.",
)
@click.option("--parts", type=click.Choice(PARTS), default="all", help="`infra`: servers alone.")
@click.option("--detach", is_flag=True, help="Return once everything serves.")
@click.option("--tls", is_flag=True, help="Let the gateway speak HTTPS, with a CA of its own.")
@port_options
@click.option(
    "--through",
    type=(click.Choice(SERVERS), click.IntRange(1, 65535)),
    multiple=True,
    metavar="SERVER PORT",
    help="Let the services, and part URLs, reach s3, sqs or postgres at another port.",
)
@click.option(
    "--set",
    "settings",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="A setting of a service, such as VIDEO_SWEEP_INTERVAL_S 5.",
)
@click.option("--restart-servers", is_flag=True, help="Start a server that ends again.")
@click.option("--ready-fd", type=int, hidden=True)
def up_command(
    *, var: Path, servers: Path, detach: bool, ready_fd: int | None, **wanted: object
) -> None:
    """Start the stack and keep it up until Ctrl-C or SIGTERM.

    Exits with status 1 when a stack runs already on the state directory, when a part does not start
    and when a server ends (unless it is to be restarted). With --detach a stack that runs already
    is what was asked for: status 0.
    """
    options = Options.from_command(Layout(var, servers), wanted)
    if detach:
        _up_detached(options)
        return

    def on_ready() -> None:
        if ready_fd is not None:
            detached.announce(ready_fd)

    # Loads the AWS SDK, for which no other command should wait.
    from reel_stack.runner import up  # noqa: PLC0415

    asyncio.run(up(options, Report(console), on_ready))


def _up_detached(options: Options) -> None:
    layout = options.layout
    runner = lock.holder(layout.lock)
    if runner is None:
        detached.start(layout, options.arguments())
    stack = stackfile.read(layout.stackfile)
    if stack is None:
        raise AlreadyRunning(layout.var, runner)
    for name, url in addresses(stack):
        console.print(f"{name:<19} {url}", highlight=False)


@main.command()
@var_option
def down(*, var: Path) -> None:
    """Stop the stack and wait until its last process is gone."""
    path = Layout(var, SERVERS_VENV).lock
    runner = lock.holder(path)
    try:
        if runner is not None:
            process = psutil.Process(runner)
            process.send_signal(signal.SIGTERM)
            process.wait(DOWN_S)
    except psutil.NoSuchProcess:
        pass  # it ended by itself meanwhile
    except psutil.TimeoutExpired as error:
        raise StackError(f"the stack on {var} did not end within {DOWN_S:.0f} s") from error
    if not lock.wait_released(path, DOWN_S):
        raise StackError(f"parts of the stack on {var} did not end within {DOWN_S:.0f} s")
    console.print("no stack runs" if runner is None else "stopped", highlight=False)


@main.command()
@var_option
def status(*, var: Path) -> None:
    """Show what runs and where. Exits with status 1 when no stack runs."""
    layout = Layout(var, SERVERS_VENV)
    stack = stackfile.read(layout.stackfile)
    if stack is None or lock.holder(layout.lock) is None:
        raise StackError(f"no stack runs on {var}")
    for name, url in addresses(stack):
        console.print(f"{name:<19} {url}", highlight=False)
    for name, pid in stack.pids.items():
        state = "running" if psutil.pid_exists(pid) else "gone"
        console.print(f"{name:<19} {state} (pid {pid})", highlight=False)


@main.command("restart")
@var_option
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def restart_command(*, var: Path, names: tuple[str, ...]) -> None:
    """Restart services such as video-api, one after another, each until it is ready.

    They read VAR/settings/SERVICE.env, lines of NAME=VALUE that are laid over the stack's own.
    """
    from reel_stack.restart import restart  # noqa: PLC0415 - no other command waits for httpx

    for name in names:
        restart(Layout(var, SERVERS_VENV), name)
        console.print(f"{name} runs anew", highlight=False)


@main.command()
@var_option
@click.option("-f", "--follow", "keep_on", is_flag=True, help="Go on with what is added.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def logs(*, var: Path, keep_on: bool, names: tuple[str, ...]) -> None:
    """Print the end of the parts' logs (all of them unless named)."""
    found = {path.stem: path for path in sorted(Layout(var, SERVERS_VENV).log.glob("*.log"))}
    unknown = sorted(set(names) - found.keys())
    if unknown:
        raise StackError(f"no log of {', '.join(unknown)}; there are: {', '.join(found)}")
    chosen = {name: found[name] for name in names or found}
    width = max((len(name) for name in chosen), default=0)
    try:
        follow(chosen, lambda name, line: click.echo(f"{name:<{width}} {line}"), keep_on=keep_on)
    except KeyboardInterrupt:
        return


@main.command()
@var_option
@click.option("--sub", type=click.UUID, required=True, help="The owner the token speaks for.")
@click.option(
    "--ttl",
    type=click.IntRange(min=1),
    default=tokens.DEFAULT_TTL_S,
    show_default=True,
    help="Seconds until it expires.",
)
def token(*, var: Path, sub: UUID, ttl: int) -> None:
    """Print an access token (JWT, ES256) that the services of this stack accept."""
    path = Layout(var, SERVERS_VENV).secrets
    if not path.exists():
        raise StackError(f"no keys in {var} yet: they are made at the first `reel-stack up`")
    click.echo(tokens.mint(keys.load(path).jwt_private_key, sub, ttl_s=ttl))


main.add_command(demo)
