"""`var/stack.json`: where the running stack is found, for people, tests and the demo."""

from pathlib import Path

import msgspec


class Stack(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Addresses of a running stack; what does not run (`--parts infra`) is null or absent.

    Attributes:
        postgres_url: the administrator's, without the password (see secrets.json).
        services: internal base URL of each service by name, such as `video-service`.
        pids: process ids by part name, and `runner`.
    """

    gateway_url: str | None
    cdn_url: str | None
    s3_url: str
    sqs_url: str
    postgres_url: str
    services: dict[str, str]
    pids: dict[str, int]


def read(path: Path) -> Stack | None:
    """The running stack, or none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Stack)
    except FileNotFoundError:
        return None


def write(path: Path, stack: Stack) -> None:
    """Replace the file at once, so that no reader sees half of it."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(stack), indent=2) + b"\n")
    fresh.replace(path)
