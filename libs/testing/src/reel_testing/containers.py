"""The same servers as containers, for machines with a Docker daemon."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from testcontainers.core.container import DockerContainer

from reel_stack import buckets, databases, keys, postgres, probes, queue
from reel_stack.keys import ADMIN, Secrets
from reel_stack.topology import BUCKET, DATABASE, SERVICES
from reel_testing.infra import Infra, s3_settings, sqs_settings

POSTGRES_IMAGE: Final = "postgres:18"
POSTGRES_PORT: Final = 5432
AWS_IMAGE: Final = "ministackorg/ministack:1.5.33"
AWS_PORT: Final = 4566
READY_S: Final = 60.0


@asynccontextmanager
async def docker() -> AsyncGenerator[Infra]:
    """PostgreSQL, and one emulator for S3 and SQS; provisioned as the embedded servers are."""
    secrets = keys.generate(store_account="reel")
    database = (
        DockerContainer(POSTGRES_IMAGE)
        .with_env("POSTGRES_PASSWORD", secrets.postgres_passwords[ADMIN])
        .with_exposed_ports(POSTGRES_PORT)
    )
    aws = (
        DockerContainer(AWS_IMAGE)
        .with_env("SERVICES", "s3,sqs,iam,sts")
        .with_env("AUTH", "true")
        .with_exposed_ports(AWS_PORT)
    )
    with database, aws:
        yield await _provision(_address(database, POSTGRES_PORT), _address(aws, AWS_PORT), secrets)


def _address(container: DockerContainer, port: int) -> str:
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"


async def _provision(database: str, aws: str, secrets: Secrets) -> Infra:
    password = secrets.postgres_passwords[ADMIN]
    admin_url = f"postgresql://{postgres.SUPERUSER}:{password}@{database}/postgres"
    endpoint_url = f"http://{aws}"
    async with asyncio.timeout(READY_S):
        await probes.until(postgres.answers_queries(admin_url))
        await probes.until(probes.answers_http(f"{endpoint_url}/_ministack/health"))
    await databases.create_roles(admin_url, secrets.postgres_passwords)
    await databases.create_database(admin_url, DATABASE)
    sqs_keys = await queue.provision(endpoint_url, known={})
    async with buckets.s3_client(endpoint_url, queue.ROOT) as client:
        await buckets.create_bucket(client, BUCKET)
    # The emulator's store has no rights by prefix worth having: everybody comes as its root.
    s3_keys = dict.fromkeys((ADMIN, *(service.name for service in SERVICES)), queue.ROOT)
    return Infra(
        postgres_admin_url=admin_url,
        s3=s3_settings(endpoint_url, queue.ROOT),
        sqs=sqs_settings(endpoint_url, queue.ROOT),
        secrets=msgspec.structs.replace(secrets, s3_keys=s3_keys, sqs_keys=sqs_keys),
        grant=_granted_already,
    )


async def _granted_already(_bucket: str) -> None:
    """Root needs no grant."""
