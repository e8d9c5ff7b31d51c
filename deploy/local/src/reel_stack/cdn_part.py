"""The CDN edge as a part of the stack."""

import os
import sys
from typing import Final

import msgspec

from reel_stack.cdn.config import Config
from reel_stack.keys import OWNER_ONLY, Secrets
from reel_stack.layout import Layout
from reel_stack.parts import Part
from reel_stack.ports import LOOPBACK
from reel_stack.probes import accepts_connections
from reel_stack.topology import BUCKET, CDN, REGION, VIDEO

NAME: Final = "cdn"


def url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def part(
    layout: Layout, port: int, origin_url: str, secrets: Secrets, *, bucket: str = BUCKET
) -> Part:
    """The edge; its key goes by a file only its owner can read, not by the command line."""
    directory = layout.directory(NAME)
    key = secrets.s3_keys[CDN]
    config = Config(
        host=LOOPBACK,
        port=port,
        origin_url=origin_url,
        bucket=bucket,
        region=REGION,
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        cache_directory=str(directory / "cache"),
        invalidation_secret=secrets.webhook_secrets[VIDEO.name],
    )
    file = directory / "config.json"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(msgspec.json.encode(config))
    argv = (sys.executable, "-m", "reel_stack.cdn", str(file))
    return Part(name=NAME, argv=argv, ready=accepts_connections(port))
