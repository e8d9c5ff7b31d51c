"""A fresh, migrated database in some 50 ms: a copy of a template made once a session."""

import asyncio
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

from reel_stack import databases, services
from reel_stack.environment import base_environment
from reel_stack.services import Wiring
from reel_stack.topology import SERVICES, Service
from reel_testing.infra import Infra

MIGRATION_S: Final = 60.0
NOWHERE: Final = "http://127.0.0.1:9"
"""For settings that a migration must have and does not use (port 9 is `discard`)."""


class MigrationFailed(Exception):
    """A service's own `migrate` ended with an error; holds its output."""


class Databases:
    """Templates by service, and the copies that one session's tests took."""

    def __init__(self, infra: Infra, work: Path) -> None:
        self._infra = infra
        self._work = work
        self._templates: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def create(self, key: str) -> tuple[str, str]:
        """Copy the template of a service (`video`, `upload`, `transcode`).

        Gives the new database's name and its address as the service's role.
        """
        service = next(service for service in SERVICES if service.key == key)
        async with self._lock:
            template = self._templates.get(key) or await self._make_template(service)
            self._templates[key] = template
        name = f"{key}_{uuid4().hex}"
        await databases.clone_database(self._infra.postgres_admin_url, template, name)
        return name, self._url(service, name)

    async def drop(self, name: str) -> None:
        await databases.drop_database(self._infra.postgres_admin_url, name)

    def _url(self, service: Service, database: str) -> str:
        password = self._infra.secrets.postgres_passwords[service.name]
        return databases.service_url(self._infra.postgres_admin_url, service, password, database)

    async def _make_template(self, service: Service) -> str:
        """A database with every role's schema, and this service's migrations applied."""
        name = f"template_{service.key}_{uuid4().hex[:8]}"
        await databases.create_database(self._infra.postgres_admin_url, name)
        await self._migrate(service, name)
        return name

    async def _migrate(self, service: Service, database: str) -> None:
        """Run `python -m SERVICE.migrate`, as a deployment does."""
        migration = services.migration(service, services.settings(service, self._wiring(database)))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *migration.argv[1:],
            env={**base_environment(self._work), **migration.env},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(MIGRATION_S):
                output, _ = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            raise MigrationFailed(f"{service.name}:\n{output.decode(errors='replace')}")

    def _wiring(self, database: str) -> Wiring:
        names = [service.name for service in SERVICES]
        return Wiring(
            postgres_admin_url=self._infra.postgres_admin_url,
            s3_url=NOWHERE,
            sqs_url=NOWHERE,
            cdn_url=NOWHERE,
            services=dict.fromkeys(names, NOWHERE),
            ports=dict.fromkeys(names, 0),
            worker_ports=dict.fromkeys(names, 0),
            secrets=self._infra.secrets,
            work=self._work,
            database=database,
        )
