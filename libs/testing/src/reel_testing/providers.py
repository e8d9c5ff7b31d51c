"""Who runs the servers for tests: REEL_INFRA=embedded, docker, or auto (the default)."""

import os
import shutil
import subprocess
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final

from reel_stack import objectstore
from reel_stack.databases import in_database
from reel_stack.keys import ADMIN
from reel_testing import stack
from reel_testing.infra import Infra, admin_key, s3_settings, sqs_settings

VARIABLE: Final = "REEL_INFRA"
DAEMON_S: Final = 10
CHOICES: Final = ("embedded", "docker", "auto")


def provider() -> AbstractAsyncContextManager[Infra]:
    """The servers by the variable's choice; auto takes Docker where its daemon answers."""
    choice = os.getenv(VARIABLE, "auto")
    if choice not in CHOICES:
        raise ValueError(f"{VARIABLE} is {choice!r}; it must be one of {', '.join(CHOICES)}")
    if choice == "embedded" or (choice == "auto" and not daemon_answers()):
        return embedded()
    # Loads testcontainers and Docker's client, which the embedded servers do not need.
    from reel_testing import containers  # noqa: PLC0415

    return containers.docker()


def daemon_answers() -> bool:
    """Whether a Docker daemon is there to talk to."""
    program = shutil.which("docker")
    if program is None:
        return False
    command = (program, "version", "--format", "{{.Server.Version}}")
    try:
        asked = subprocess.run(command, capture_output=True, timeout=DAEMON_S, check=False)  # noqa: S603  found on PATH by design
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


@asynccontextmanager
async def embedded() -> AsyncGenerator[Infra]:
    """The servers of `reel-stack up --parts infra`."""
    async with stack.running("--parts=infra") as running:
        secrets = running.keys
        bare = in_database(running.description.postgres_url, "postgres")
        password = secrets.postgres_passwords[ADMIN]
        yield Infra(
            postgres_admin_url=bare.replace("@", f":{password}@", 1),
            s3=s3_settings(running.s3_url, admin_key(secrets.s3_keys)),
            sqs=sqs_settings(running.sqs_url, admin_key(secrets.sqs_keys)),
            secrets=secrets,
            grant=partial(objectstore.grant, running.s3_url, secrets=secrets),
        )
