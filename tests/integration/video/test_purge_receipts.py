"""What a deletion leaves: a receipt, and in the end nothing else."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from reel_db.pool import transaction
from reel_kernel.clock import utc_now
from reel_kernel.effects import Effect
from reel_messaging.webhooks import WebhookSender
from reel_testing.plugin import NewDatabase
from reel_testing.video_service import VideoService, video_service
from video_service.adapters.deliveries import on_delivered, to_cdn
from video_service.domain.receipt import PurgedPart, PurgeReceipt
from video_service.usecases.erase_deleted import erase_deleted

MONTH = timedelta(days=30)
UPLOADS, TRANSCODING = "/api/webhooks/uploads/purged", "/api/webhooks/transcoding/purged"


@pytest.fixture
async def own(new_database: NewDatabase) -> AsyncGenerator[VideoService]:
    """An app whose database no other test fills."""
    async with video_service(await new_database("video")) as running:
        yield running


@dataclass
class Cdn:
    forgotten: list[UUID] = field(default_factory=list[UUID])

    async def forget(self, video_id: UUID, *, reference: str) -> str:
        self.forgotten.append(video_id)
        return reference


async def purged(
    own: VideoService,
    path: str,
    video_id: str,
    *,
    message_id: UUID | None = None,
    **members: object,
) -> httpx.Response:
    secret = own.secrets.upload if path == UPLOADS else own.secrets.transcode
    told = {"videoId": video_id, "purgedAt": utc_now().isoformat(), "last": True, **members}
    sender = WebhookSender(own.http, path, secret)
    return await sender.send(message_id or uuid4(), msgspec.json.encode(told))


async def deliver_to_cdn(own: VideoService, video_id: str, cdn: Cdn) -> None:
    """Do what the relay does with the orders to the CDN."""
    for row in await own.outbox_rows(video_id):
        if row.destination == "cdn-cache":
            await to_cdn(cdn)(row)
            async with transaction(own.pool, Effect.DELIVERY_MARKED) as connection:
                await on_delivered(connection, row)


async def receipt_of(own: VideoService, video_id: str) -> PurgeReceipt:
    async with own.deps.begin() as tx:
        receipt = await tx.receipts.find(UUID(video_id))
    assert receipt is not None
    return receipt


async def erased(own: VideoService, after: timedelta) -> int:
    deps = replace(own.deps, now=lambda: utc_now() + after)
    return await erase_deleted(MONTH, deps)


async def test_a_receipt_is_complete_once_everybody_told_and_the_cdn_forgot(
    own: VideoService, owner: UUID
) -> None:
    video_id, cdn = await own.given(owner, "READY"), Cdn()
    await own.call(owner, "DELETE", f"/{video_id}")
    at_first = await receipt_of(own, video_id)

    await purged(own, UPLOADS, video_id, objects=1, sizeBytes=1000)
    await purged(own, TRANSCODING, video_id, objects=40, sizeBytes=9000, last=False)
    await purged(own, TRANSCODING, video_id, objects=0, sizeBytes=0)
    before_the_cdn = await receipt_of(own, video_id)
    await deliver_to_cdn(own, video_id, cdn)

    receipt = await receipt_of(own, video_id)
    assert at_first.missing == (PurgedPart.SOURCE, PurgedPart.HLS)
    assert before_the_cdn.missing == (PurgedPart.CDN,)
    assert (receipt.is_complete, receipt.reason, receipt.status) == (True, "OWNER", "READY")
    assert [(one.part, one.objects, one.size_bytes) for one in receipt.lines] == [
        (PurgedPart.SOURCE, 1, 1000),
        (PurgedPart.HLS, 40, 9000),
        (PurgedPart.HLS, 0, 0),
        (PurgedPart.CDN, 1, 0),
    ]
    assert cdn.forgotten == [UUID(video_id)]


async def test_a_video_that_was_never_published_costs_no_invalidation(
    own: VideoService, owner: UUID
) -> None:
    video_id, cdn = await own.given(owner, "DRAFT"), Cdn()
    await own.call(owner, "DELETE", f"/{video_id}")

    for path in (UPLOADS, TRANSCODING):
        await purged(own, path, video_id, objects=0, sizeBytes=0)
    await deliver_to_cdn(own, video_id, cdn)

    assert (await receipt_of(own, video_id)).is_complete
    assert cdn.forgotten == []


async def test_a_repeated_report_is_one_line(own: VideoService, owner: UUID) -> None:
    video_id, message_id = await own.given(owner, "READY"), uuid4()
    await own.call(owner, "DELETE", f"/{video_id}")

    answers = [
        await purged(own, TRANSCODING, video_id, message_id=message_id, objects=3, sizeBytes=9)
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert len((await receipt_of(own, video_id)).lines) == 1


async def test_one_service_cannot_report_for_the_other(own: VideoService) -> None:
    sender = WebhookSender(own.http, TRANSCODING, own.secrets.upload)

    answer = await sender.send(uuid4(), b"{}")

    assert answer.status_code == 401


async def test_the_rows_go_when_all_is_purged_and_the_receipt_stays(
    own: VideoService, owner: UUID
) -> None:
    done, overdue = await own.given(owner, "READY"), await own.given(owner, "READY")
    for video_id in (done, overdue):
        await own.call(owner, "DELETE", f"/{video_id}")
    for path in (UPLOADS, TRANSCODING):
        await purged(own, path, done, objects=0, sizeBytes=0)

    too_soon = await erased(own, timedelta(days=29))
    first, second = await erased(own, timedelta(days=31)), await erased(own, timedelta(days=32))

    left = await own.pool.fetch("SELECT id FROM videos")
    assert (too_soon, first, second) == (0, 1, 0)
    assert [row["id"] for row in left] == [UUID(overdue)]
    last = (await receipt_of(own, done)).lines[-1]
    assert (last.part, last.objects) == (PurgedPart.ROWS, 5)
