"""The order in which the parts of a stack start: each as soon as what it needs is there."""

import asyncio
from dataclasses import dataclass

import msgspec

from reel_stack import (
    buckets,
    cdn_part,
    databases,
    gateway,
    keys,
    objectstore,
    postgres,
    queue,
    services,
)
from reel_stack.keys import ADMIN, Secrets
from reel_stack.layout import Layout
from reel_stack.options import INFRA, PORTS, Options
from reel_stack.ports import LOOPBACK, Ports
from reel_stack.services import Wiring
from reel_stack.stackfile import Stack
from reel_stack.supervisor import Supervisor
from reel_stack.topology import BUCKET, DATABASE, SERVICES


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every port and secret of a run, settled before anything starts."""

    options: Options
    ports: Ports
    postgres_port: int
    s3_port: int
    sqs_port: int
    gateway_port: int
    cdn_port: int
    service_ports: dict[str, int]
    worker_ports: dict[str, int]
    secrets: Secrets

    @property
    def layout(self) -> Layout:
        return self.options.layout

    @property
    def postgres_admin_url(self) -> str:
        return self._postgres_url(self.postgres_port)

    def _postgres_url(self, port: int) -> str:
        return postgres.admin_url(port, password=self.secrets.postgres_passwords[ADMIN])

    @property
    def service_urls(self) -> dict[str, str]:
        return {name: f"http://{LOOPBACK}:{port}" for name, port in self.service_ports.items()}

    def wiring(self, sqs_keys: dict[str, keys.AccessKey]) -> Wiring:
        """What the services need to know."""
        own = {"postgres": self.postgres_port, "s3": self.s3_port, "sqs": self.sqs_port}
        seen = own | dict(self.options.through)
        return Wiring(
            postgres_admin_url=self._postgres_url(seen["postgres"]),
            s3_url=objectstore.url(seen["s3"]),
            sqs_url=queue.url(seen["sqs"]),
            cdn_url=cdn_part.url(self.cdn_port),
            services=self.service_urls,
            ports=self.service_ports,
            worker_ports=self.worker_ports,
            secrets=msgspec.structs.replace(self.secrets, sqs_keys=sqs_keys),
            work=self.layout.work,
            overlays=self.layout.settings,
            settings=self.options.settings,
        )

    def stack(self) -> Stack:
        """What stack.json will say."""
        everything = self.options.parts != INFRA
        return Stack(
            gateway_url=self._gateway_url() if everything else None,
            cdn_url=cdn_part.url(self.cdn_port) if everything else None,
            s3_url=objectstore.url(self.s3_port),
            sqs_url=queue.url(self.sqs_port),
            postgres_url=postgres.admin_url(self.postgres_port, database=DATABASE),
            services=self.service_urls if everything else {},
            pids={},
        )

    def _gateway_url(self) -> str:
        return gateway.url(self.gateway_port, tls=self.options.tls)


def plan(options: Options) -> Plan:
    """Choose ports, and read or make the secrets."""
    ports, given = Ports(), options.ports
    wanted = {f"{name}_port": ports.choose(given[name]) for name in given}
    chosen = {f"{name}_port": ports.choose() for name in PORTS if name not in given}
    return Plan(
        options=options,
        ports=ports,
        service_ports={service.name: ports.choose() for service in SERVICES},
        worker_ports={service.name: ports.choose() for service in SERVICES if service.has_api},
        secrets=keys.load_or_generate(options.layout.secrets, objectstore.ACCOUNT),
        **wanted,
        **chosen,
    )


async def bring_up(run: Plan, supervisor: Supervisor) -> None:
    """Start every part that was asked for; returns when all are ready. Raises PartFailed."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_start_objectstore(run, supervisor))
        data = group.create_task(_start_data(run, supervisor))
        if run.options.parts != INFRA:
            group.create_task(_start_edges(run, supervisor))
    if run.options.parts != INFRA:
        async with asyncio.TaskGroup() as group:
            for part in services.all_parts(data.result()):
                group.create_task(supervisor.start(part))


async def _start_data(run: Plan, supervisor: Supervisor) -> Wiring:
    """The database and the queues, then the migrations; the object store may take its time."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_start_postgres(run, supervisor))
        sqs_keys = group.create_task(_start_queue(run, supervisor))
    wiring = run.wiring(sqs_keys.result())
    keys.save(run.layout.secrets, wiring.secrets)
    if run.options.parts != INFRA:
        async with asyncio.TaskGroup() as group:
            for service in SERVICES:
                env = services.settings(service, wiring)
                group.create_task(supervisor.run(services.migration(service, env)))
    return wiring


async def _start_postgres(run: Plan, supervisor: Supervisor) -> None:
    initdb = postgres.initdb_part(run.layout, run.secrets)
    if initdb is not None:
        await supervisor.run(initdb)
        postgres.adopt_cluster(run.layout)
    await supervisor.start(postgres.part(run.layout, run.postgres_port, run.secrets))
    await databases.create_roles(run.postgres_admin_url, run.secrets.postgres_passwords)
    await databases.create_database(run.postgres_admin_url, DATABASE)


async def _start_queue(run: Plan, supervisor: Supervisor) -> dict[str, keys.AccessKey]:
    server, url, known = queue.part(run.layout, run.sqs_port), queue.url(run.sqs_port), None
    if run.options.restart_servers:
        # Killed, it forgets all but what it knew when it last ended in good order.
        async with supervisor.briefly(server):
            known = await queue.provision(url, run.secrets.sqs_keys)
    await supervisor.start(server)
    return await queue.provision(url, known or run.secrets.sqs_keys)


async def _start_objectstore(run: Plan, supervisor: Supervisor) -> None:
    objectstore.configure(run.layout, run.s3_port, run.ports, run.secrets)
    await supervisor.start(objectstore.part(run.layout, run.s3_port))
    url = objectstore.url(run.s3_port)
    async with buckets.s3_client(url, run.secrets.s3_keys[ADMIN]) as client:
        await buckets.create_bucket(client, BUCKET)
    await objectstore.grant(url, BUCKET, run.secrets)


async def _start_edges(run: Plan, supervisor: Supervisor) -> None:
    """The gateway and the CDN answer before what is behind them does."""
    tls, origin = run.options.tls, objectstore.url(run.s3_port)
    parts = (
        gateway.part(run.layout, run.gateway_port, run.service_urls, tls=tls),
        cdn_part.part(run.layout, run.cdn_port, origin, run.secrets),
    )
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(supervisor.start(part))
