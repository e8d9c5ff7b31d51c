"""The SQS server, its queues, and a key a service with the rights it needs and no more."""

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from reel_stack.keys import ADMIN, AccessKey
from reel_stack.layout import Layout
from reel_stack.parts import Part
from reel_stack.ports import LOOPBACK
from reel_stack.probes import answers_http
from reel_stack.topology import (
    MAX_RECEIVE_COUNT,
    QUEUES,
    REGION,
    RETENTION_S,
    SERVICES,
    VISIBILITY_TIMEOUT_S,
    Service,
    dead_letters,
)

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.literals import QueueAttributeNameType

    Attributes = dict[QueueAttributeNameType, str]

NAME: Final = "queue"
ACCOUNT_ID: Final = "000000000000"
# The emulator's root key is fixed, so the server listens on the loopback interface alone.
ROOT: Final = AccessKey("test", "test")
POLICY: Final = "queues"
EXISTS: Final = "EntityAlreadyExists"
CONFIG: Final = AioConfig(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4}
)
KEPT_URL: Final = re.compile(rf"http://{re.escape(LOOPBACK)}:\d+/{ACCOUNT_ID}/")
SEND: Final = ("sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes")
CONSUME: Final = (*SEND, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")


def url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def queue_url(endpoint_url: str, queue: str) -> str:
    return f"{endpoint_url}/{ACCOUNT_ID}/{queue}"


def _follow_port(state: Path, port: int) -> None:
    """Give the kept queues this run's address: the emulator files them by URL, port included."""
    if state.exists():
        state.write_text(KEPT_URL.sub(f"{url(port)}/{ACCOUNT_ID}/", state.read_text()))


def part(layout: Layout, port: int) -> Part:
    """The emulator; it keeps its state when it is told to end, and loses it when it is killed."""
    directory = layout.directory(NAME)
    _follow_port(directory / "sqs.json", port)
    return Part(
        name=NAME,
        argv=(layout.program("ministack"),),
        env={
            "AUTH": "true",
            "SERVICES": "sqs,iam,sts",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(directory),
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        },
        ready=answers_http(f"{url(port)}/_ministack/health"),
    )


@asynccontextmanager
async def _client(service: str, endpoint_url: str, key: AccessKey) -> AsyncGenerator[Any]:
    async with get_session().create_client(
        service,  # pyright: ignore[reportArgumentType, reportCallIssue]
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=CONFIG,
    ) as client:
        yield client


@asynccontextmanager
async def sqs_client(endpoint_url: str, key: AccessKey) -> AsyncGenerator["SQSClient"]:
    """An SQS client with time limits and bounded retries."""
    async with _client("sqs", endpoint_url, key) as client:
        yield client


async def create_queue(client: "SQSClient", name: str) -> str:
    """Create a queue and its dead-letter queue, or find them. Gives the queue's URL."""
    retention: Attributes = {"MessageRetentionPeriod": str(RETENTION_S)}
    dead = await client.create_queue(QueueName=dead_letters(name), Attributes=retention)
    attributes = await client.get_queue_attributes(
        QueueUrl=dead["QueueUrl"], AttributeNames=["QueueArn"]
    )
    redrive = {
        "deadLetterTargetArn": attributes["Attributes"]["QueueArn"],
        "maxReceiveCount": str(MAX_RECEIVE_COUNT),
    }
    receiving: Attributes = {
        **retention,
        "VisibilityTimeout": str(VISIBILITY_TIMEOUT_S),
        "RedrivePolicy": json.dumps(redrive),
    }
    created = await client.create_queue(QueueName=name, Attributes=receiving)
    return created["QueueUrl"]


def policy(service: Service) -> Mapping[str, object]:
    """The IAM policy of a service: send to what it sends to, consume what it consumes."""
    consumed = [name for queue in service.receives for name in (queue, dead_letters(queue))]
    statements = [_allow(SEND, service.sends), _allow(CONSUME, consumed)]
    return {"Version": "2012-10-17", "Statement": [one for one in statements if one["Resource"]]}


def _allow(actions: Sequence[str], queues: Sequence[str]) -> dict[str, object]:
    arns = [f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}" for name in queues]
    return {"Effect": "Allow", "Action": list(actions), "Resource": arns}


async def provision(endpoint_url: str, known: Mapping[str, AccessKey]) -> dict[str, AccessKey]:
    """Create the queues and a user a service. Gives the keys by service name, and `admin`.

    Keys that the server still knows are kept; a server that lost its state gets new ones.
    """
    async with sqs_client(endpoint_url, ROOT) as sqs:
        for name in QUEUES:
            await create_queue(sqs, name)
    async with _client("iam", endpoint_url, ROOT) as iam:
        keys = {
            service.name: await _ensure_user(iam, service, known.get(service.name))
            for service in SERVICES
        }
    return keys | {ADMIN: ROOT}


async def _ensure_user(iam: Any, service: Service, known: AccessKey | None) -> AccessKey:  # noqa: ANN401  no stubs for IAM
    try:
        await iam.create_user(UserName=service.name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != EXISTS:
            raise
    await iam.put_user_policy(
        UserName=service.name, PolicyName=POLICY, PolicyDocument=json.dumps(policy(service))
    )
    listed = await iam.list_access_keys(UserName=service.name)
    active = {entry["AccessKeyId"] for entry in listed["AccessKeyMetadata"]}
    if known is not None and known.access_key_id in active:
        return known
    made = (await iam.create_access_key(UserName=service.name))["AccessKey"]
    return AccessKey(made["AccessKeyId"], made["SecretAccessKey"])
