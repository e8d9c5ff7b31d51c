"""Roles, schemas and grants: each service owns one schema and sees nothing else."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from reel_stack.topology import SERVICES, Service

CONNECT_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 60.0
MAINTENANCE_DATABASES: Final = ("postgres", "template1")

ROLE_EXISTS: Final = "SELECT true FROM pg_roles WHERE rolname = $1"
DATABASE_EXISTS: Final = "SELECT true FROM pg_database WHERE datname = $1"
SET_PASSWORD: Final = "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)"  # noqa: S105  a statement, no password


@asynccontextmanager
async def connection(url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection with time limits, closed at the end."""
    opened = await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S
    )
    try:
        yield opened
    finally:
        await opened.close()


def in_database(url: str, database: str) -> str:
    """The same address, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def service_url(admin_url: str, service: Service, password: str, database: str) -> str:
    """The address a service connects to, as its own role."""
    parts = urlsplit(admin_url)
    netloc = f"{service.role}:{password}@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


async def create_roles(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Create or update the login role of each service; passwords by service name."""
    async with connection(admin_url) as admin:
        for service in SERVICES:
            if not await admin.fetchval(ROLE_EXISTS, service.role):
                await admin.execute(f'CREATE ROLE "{service.role}"')
            statement = await admin.fetchval(SET_PASSWORD, service.role, passwords[service.name])
            await admin.execute(statement)
            await admin.execute(f'ALTER ROLE "{service.role}" SET search_path = "{service.key}"')
        for database in MAINTENANCE_DATABASES:
            await admin.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')


async def create_database(admin_url: str, database: str) -> None:
    """Create a database with every service's schema; does nothing that is done already."""
    async with connection(admin_url) as admin:
        if not await admin.fetchval(DATABASE_EXISTS, database):
            await admin.execute(f'CREATE DATABASE "{database}"')
        await _grant_connect(admin, database)
    async with connection(in_database(admin_url, database)) as owner:
        await owner.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for service in SERVICES:
            await owner.execute(
                f'CREATE SCHEMA IF NOT EXISTS "{service.key}" AUTHORIZATION "{service.role}"'
            )


async def clone_database(admin_url: str, template: str, database: str) -> None:
    """Copy a database nobody is connected to; grants on the database itself are not in the copy."""
    async with connection(admin_url) as admin:
        await admin.execute(
            f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY file_copy'
        )
        await _grant_connect(admin, database)


async def drop_database(admin_url: str, database: str) -> None:
    """Drop a database, ending the sessions in it."""
    async with connection(admin_url) as admin:
        await admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


async def _grant_connect(admin: asyncpg.Connection, database: str) -> None:
    roles = ", ".join(f'"{service.role}"' for service in SERVICES)
    await admin.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    await admin.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {roles}')
