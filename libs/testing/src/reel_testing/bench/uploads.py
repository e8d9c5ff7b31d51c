"""Upload speed of `reel upload`'s engine against boto3's `upload_file`, on the same store."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final
from uuid import uuid4

import boto3
import psutil
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from reel_client import ReelClient
from reel_stack.topology import BUCKET, REGION
from reel_testing.bench.figures import Figure, at_least, fact
from reel_testing.stack import RunningStack
from upload_service.domain.parts import MIN_PART_BYTES

MIB: Final = 1024 * 1024
SIZE_MIB: Final = 256
ROUNDS: Final = 5
QUIET_S: Final = 1.0
QUIET_WITHIN_S: Final = 60


async def upload_figures(stack: RunningStack, scratch: Path, clip: Path) -> Mapping[str, Figure]:
    """Alternate the two, so that both meet the same machine; compare the medians.

    The target is for boto3 with parts of the session's size: what a part costs the store is the
    store's. What larger parts are worth, boto3's own 8 MiB, is shown beside it. Ours creates the
    video and its session and proves the object as well.
    """
    path = scratch / "padded.mov"
    padded(clip, path, SIZE_MIB * MIB)
    ours: list[float] = []
    theirs: list[float] = []
    larger: list[float] = []
    for _ in range(ROUNDS):
        theirs.append(
            await _boto3_s(stack, path, TransferConfig(multipart_chunksize=MIN_PART_BYTES))
        )
        larger.append(await _boto3_s(stack, path, TransferConfig()))
        ours.append(await _reel_s(stack, path, scratch / "state"))
    return {
        "upload_rate_to_boto3": at_least(median(theirs) / median(ours), 0.9, "ratio"),
        "upload_rate_to_boto3_larger_parts": fact(median(larger) / median(ours), "ratio"),
        "upload_rate": fact(SIZE_MIB / median(ours), "MiB/s"),
        "upload_rate_boto3": fact(SIZE_MIB / median(theirs), "MiB/s"),
        "upload_rate_boto3_larger_parts": fact(SIZE_MIB / median(larger), "MiB/s"),
    }


def padded(clip: Path, path: Path, size_bytes: int) -> None:
    """Write the clip with a sparse `free` box behind it (ISO 14496-12), `size_bytes` in all."""
    data = clip.read_bytes()
    with path.open("wb") as file:
        file.write(data)
        file.write((size_bytes - len(data)).to_bytes(4, "big") + b"free")
        file.truncate(size_bytes)


async def _reel_s(stack: RunningStack, path: Path, state: Path) -> float:
    async with ReelClient(stack.gateway_url, stack.token(uuid4()), state_dir=state) as reel:
        started = time.perf_counter()
        uploaded = await reel.upload(path)
        took_s = time.perf_counter() - started
        await reel.delete_video(uploaded.video_id)
    await _until_no_encoder_runs(stack)
    return took_s


async def _until_no_encoder_runs(stack: RunningStack) -> None:
    """Wait for the uploaded film's job to start and be cancelled: it is not what is measured."""
    worker = psutil.Process(stack.pids["transcode-worker"])
    seen = time.monotonic()
    async with asyncio.timeout(QUIET_WITHIN_S):
        while time.monotonic() < seen + QUIET_S:
            if any("ffmpeg" in child.name() for child in worker.children(recursive=True)):
                seen = time.monotonic()
            await asyncio.sleep(QUIET_S / 10)


async def _boto3_s(stack: RunningStack, path: Path, parts: TransferConfig) -> float:
    return await asyncio.to_thread(_upload_by_boto3, stack, path, parts)


def _upload_by_boto3(stack: RunningStack, path: Path, parts: TransferConfig) -> float:
    key = stack.keys.s3_keys["upload-service"]
    client = boto3.client(  # pyright: ignore[reportUnknownMemberType] - stubs are of S3 alone
        "s3",
        endpoint_url=stack.s3_url,
        region_name=REGION,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    name = f"bench/{uuid4()}"
    started = time.perf_counter()
    client.upload_file(str(path), BUCKET, name, Config=parts)
    took_s = time.perf_counter() - started
    client.delete_object(Bucket=BUCKET, Key=name)
    return took_s
