"""Brings a stack up in the order its parts need each other, keeps it up, brings it down."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

import msgspec

from reel_stack import (
    buckets,
    cdn_part,
    databases,
    gateway,
    keys,
    lock,
    objectstore,
    postgres,
    queue,
    services,
    stackfile,
)
from reel_stack.environment import base_environment
from reel_stack.errors import ServersMissing, StackError
from reel_stack.keys import ADMIN, Secrets
from reel_stack.layout import Layout
from reel_stack.options import INFRA, Options
from reel_stack.ports import Ports
from reel_stack.report import Report
from reel_stack.services import Wiring
from reel_stack.supervisor import Supervisor
from reel_stack.topology import BUCKET, DATABASE, SERVICES

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """A signal asked the stack to stop."""


@dataclass(frozen=True, kw_only=True)
class Infra:
    """The servers every service needs, running and provisioned."""

    postgres_port: int
    postgres_admin_url: str
    s3_url: str
    sqs_url: str
    secrets: Secrets


async def up(options: Options, report: Report, on_ready: Callable[[], None]) -> None:
    """Run the stack until SIGINT or SIGTERM.

    Raises StackError: another runs there, a part failed to start, or a server ended.
    """
    layout = options.layout
    if not (layout.servers / "bin" / "python").exists():
        raise ServersMissing(layout.servers)
    layout.prepare()
    with lock.exclusive(layout.lock) as held:
        try:
            await _run(options, report, on_ready, held)
        except ExceptionGroup as group:
            raise _first(group) from None


async def _run(options: Options, report: Report, on_ready: Callable[[], None], held: int) -> None:
    layout = options.layout
    base = base_environment(layout.temporary)
    supervisor = None
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_until_signalled(), name="signals")
            supervisor = Supervisor(group, layout, report, base=base, hold=held)
            await _bring_up(options, supervisor, report)
            on_ready()
    except* Stopped:
        report.stopping()
    finally:
        layout.stackfile.unlink(missing_ok=True)
        if supervisor is not None:
            await supervisor.stop()


async def _until_signalled() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in STOP_SIGNALS:
        loop.add_signal_handler(signum, asked.set)
    await asked.wait()
    raise Stopped


async def _bring_up(options: Options, supervisor: Supervisor, report: Report) -> None:
    layout = options.layout
    ports = Ports()
    infra = await _start_infra(options, supervisor, ports)
    stack = stackfile.Stack(
        gateway_url=None,
        cdn_url=None,
        s3_url=infra.s3_url,
        sqs_url=infra.sqs_url,
        postgres_url=postgres.admin_url(infra.postgres_port, database=DATABASE),
        services={},
        pids={},
    )
    if options.parts != INFRA:
        stack = await _start_services(options, supervisor, ports, infra, stack)

    def write() -> stackfile.Stack:
        pids = supervisor.pids() | {"runner": os.getpid()}
        current = msgspec.structs.replace(stack, pids=pids)
        stackfile.write(layout.stackfile, current)
        return current

    supervisor.on_restart = write
    report.ready(write())


async def _start_infra(options: Options, supervisor: Supervisor, ports: Ports) -> Infra:
    """The three servers at once; the object store is the slow one."""
    layout = options.layout
    secrets = keys.load_or_generate(layout.secrets, objectstore.ACCOUNT)
    postgres_port = ports.choose(options.ports.get("postgres"))
    s3_port = ports.choose(options.ports.get("s3"))
    sqs_port = ports.choose(options.ports.get("sqs"))
    objectstore.configure(layout, s3_port, ports, secrets)
    async with asyncio.TaskGroup() as group:
        group.create_task(_start_objectstore(layout, supervisor, s3_port, secrets))
        group.create_task(_start_postgres(layout, supervisor, postgres_port, secrets))
        sqs = group.create_task(_start_queue(layout, supervisor, sqs_port, secrets))
    secrets = msgspec.structs.replace(secrets, sqs_keys=sqs.result())
    keys.save(layout.secrets, secrets)
    return Infra(
        postgres_port=postgres_port,
        postgres_admin_url=postgres.admin_url(
            postgres_port, password=secrets.postgres_passwords[ADMIN]
        ),
        s3_url=objectstore.url(s3_port),
        sqs_url=queue.url(sqs_port),
        secrets=secrets,
    )


async def _start_postgres(
    layout: Layout, supervisor: Supervisor, port: int, secrets: Secrets
) -> None:
    initdb = postgres.initdb_part(layout, secrets)
    if initdb is not None:
        await supervisor.run(initdb)
        postgres.adopt_cluster(layout)
    await supervisor.start(postgres.part(layout, port, secrets))
    url = postgres.admin_url(port, password=secrets.postgres_passwords[ADMIN])
    await databases.create_roles(url, secrets.postgres_passwords)
    await databases.create_database(url, DATABASE)


async def _start_objectstore(
    layout: Layout, supervisor: Supervisor, port: int, secrets: Secrets
) -> None:
    await supervisor.start(objectstore.part(layout, port))
    url = objectstore.url(port)
    async with buckets.s3_client(url, secrets.s3_keys[ADMIN]) as client:
        await buckets.create_bucket(client, BUCKET)
    await objectstore.grant(url, BUCKET, secrets)


async def _start_queue(
    layout: Layout, supervisor: Supervisor, port: int, secrets: Secrets
) -> dict[str, keys.AccessKey]:
    await supervisor.start(queue.part(layout, port))
    return await queue.provision(queue.url(port), secrets.sqs_keys)


async def _start_services(
    options: Options,
    supervisor: Supervisor,
    ports: Ports,
    infra: Infra,
    stack: stackfile.Stack,
) -> stackfile.Stack:
    """Migrations, then the services, the gateway and the CDN at once."""
    layout = options.layout
    cdn_port, gateway_port = (
        ports.choose(options.ports.get("cdn")),
        ports.choose(options.ports.get("gateway")),
    )
    service_ports = {service.name: ports.choose() for service in SERVICES}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in service_ports.items()}
    wiring = Wiring(
        postgres_admin_url=infra.postgres_admin_url,
        s3_url=infra.s3_url,
        sqs_url=infra.sqs_url,
        cdn_url=cdn_part.url(cdn_port),
        services=urls,
        ports=service_ports,
        secrets=infra.secrets,
        work=layout.work,
    )
    edges = (
        gateway.part(layout, gateway_port, urls, tls=options.tls),
        cdn_part.part(layout, cdn_port, infra.s3_url, infra.secrets),
    )
    async with asyncio.TaskGroup() as group:
        for service in SERVICES:
            env = services.settings(service, wiring)
            group.create_task(supervisor.run(services.migration(service, env)))
    async with asyncio.TaskGroup() as group:
        for part in (*services.all_parts(wiring), *edges):
            group.create_task(supervisor.start(part))
    gateway_url = gateway.url(gateway_port, tls=options.tls)
    return msgspec.structs.replace(
        stack, gateway_url=gateway_url, cdn_url=wiring.cdn_url, services=urls
    )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of groups, which task groups nest."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
        yield from _leaves(inner)


def _first(group: BaseException) -> BaseException:
    """The failure that tells the person most: a part's, or whatever else came first."""
    errors = tuple(_leaves(group))
    return next((error for error in errors if isinstance(error, StackError)), errors[0])
