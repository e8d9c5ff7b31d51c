"""What a lost answer, a crash or a race leaves behind, over the real store and database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from reel_testing.upload.agent import Part
from reel_testing.upload.builders import MIB, an_mp4
from reel_testing.upload.lossy_store import Crash, Loss, LossyStore
from reel_testing.upload.service import UploadSystem
from upload_service.domain.errors import StoreUnavailable
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import UploadSession
from upload_service.usecases.abort_strays import abort_strays
from upload_service.usecases.complete_upload import complete_upload

SOURCE = an_mp4(6 * MIB)
SMALL = an_mp4(2000)
PART = 5 * MIB
HOURS = timedelta(hours=2)
AFTER = [
    Loss.ANSWER_LOST,
    Loss.GONE_AFTER_SUCCESS,
    Loss.REJECTED_AFTER_SUCCESS,
    Loss.CRASH_AFTER,
]


async def uploaded(
    system: UploadSystem, source: bytes = SMALL, video_id: UUID | None = None
) -> tuple[UUID, list[Part]]:
    session_id = await system.agent.open(video_id or uuid4(), len(source))
    return session_id, await system.agent.send(session_id, source, PART)


async def lossy_complete(
    system: UploadSystem, session_id: UUID, parts: list[Part], loss: Loss
) -> UploadSession:
    store = cast("Any", LossyStore(system.infra.deps.store, loss))
    deps = replace(system.infra.deps, store=store)
    claimed = {cast("int", part["partNumber"]): str(part["etag"]) for part in parts}
    return await complete_upload(session_id, system.agent.id, claimed, deps)


async def suffer(system: UploadSystem, session_id: UUID, parts: list[Part], loss: Loss) -> None:
    """Complete with this loss, whatever it comes to."""
    try:
        await lossy_complete(system, session_id, parts, loss)
    except (StoreUnavailable, Crash):
        return


@pytest.mark.parametrize("loss", Loss)
async def test_the_next_complete_ends_what_a_loss_left(system: UploadSystem, loss: Loss) -> None:
    session_id, parts = await uploaded(system)
    await suffer(system, session_id, parts, loss)

    healed = await system.agent.complete(session_id, parts)

    assert (healed.status_code, healed.json()["status"]) == (200, "COMPLETED")
    assert await system.outbox() == ["COMPLETED"]
    row = await system.row(session_id)
    assert row["source_etag"] == row["expected_etag"]
    assert row["source_etag"].endswith("-1")


@pytest.mark.parametrize("loss", AFTER)
async def test_looking_ends_what_the_store_has_done(system: UploadSystem, loss: Loss) -> None:
    session_id, parts = await uploaded(system)
    await suffer(system, session_id, parts, loss)

    assert await system.agent.status(session_id) == "COMPLETED"
    assert await system.outbox() == ["COMPLETED"]


@pytest.mark.parametrize("loss", AFTER)
async def test_the_sweep_ends_it_when_nobody_asks(system: UploadSystem, loss: Loss) -> None:
    session_id, parts = await uploaded(system)
    await suffer(system, session_id, parts, loss)
    await system.age(session_id, 601)

    await system.sweep()

    assert (await system.row(session_id))["status"] == "COMPLETED"
    assert await system.outbox() == ["COMPLETED"]


async def test_the_sweep_leaves_parts_that_were_never_joined_to_the_client(
    system: UploadSystem,
) -> None:
    session_id, parts = await uploaded(system)
    await suffer(system, session_id, parts, Loss.CRASH_BEFORE)
    await system.age(session_id, 601)

    swept = await system.sweep()

    row = await system.row(session_id)
    assert (swept.healed, row["status"], row["completing_at"]) == (0, "IN_PROGRESS", None)
    assert (await system.agent.complete(session_id, parts)).status_code == 200


async def test_a_lost_answer_is_not_seen_by_who_can_be_told_the_truth(
    system: UploadSystem,
) -> None:
    session_id, parts = await uploaded(system)

    done = await lossy_complete(system, session_id, parts, Loss.GONE_AFTER_SUCCESS)

    assert done.status is Status.COMPLETED


async def test_another_object_of_the_same_size_is_not_taken_for_this_one(
    system: UploadSystem,
) -> None:
    session_id, parts = await uploaded(system)
    await suffer(system, session_id, parts, Loss.CRASH_AFTER)
    video_id = (await system.row(session_id))["video_id"]
    key, s3 = f"videos/{video_id}/source.mp4", system.infra.clients.s3
    await s3.put_object(Bucket=system.settings.s3_bucket, Key=key, Body=SMALL[:-1] + b"x")

    refused = await system.agent.complete(session_id, parts)

    assert (refused.status_code, refused.json()["code"]) == (409, "upload-failed")
    assert await system.sources(video_id) == []


async def test_what_is_missing_and_what_differs_is_described(system: UploadSystem) -> None:
    agent, source = system.agent, an_mp4(12 * MIB)
    session_id = await agent.open(uuid4(), len(source))
    first = await agent.send_part(session_id, 1, source[:PART])
    second = await agent.send_part(session_id, 2, source[PART : 2 * PART])
    claimed = [first, {"partNumber": 2, "etag": "0" * 32}, {"partNumber": 3, "etag": "1" * 32}]

    problem = (await agent.complete(session_id, claimed)).json()

    assert problem["code"] == "parts-mismatch"
    assert problem["parts"] == [
        {
            "partNumber": 2,
            "expected": {"etag": "0" * 32, "sizeBytes": PART, "checksum": None},
            "actual": {
                "etag": str(second["etag"]).strip('"'),
                "sizeBytes": PART,
                "checksum": None,
            },
        },
        {
            "partNumber": 3,
            "expected": {"etag": "1" * 32, "sizeBytes": 2 * MIB, "checksum": None},
            "actual": None,
        },
    ]


async def test_an_upload_nobody_knows_is_aborted_when_it_is_old(system: UploadSystem) -> None:
    store, video_id = system.infra.deps.store, uuid4()
    stray = await store.create(f"videos/{video_id}/source.mp4", "video/mp4", None)
    film = await store.create(f"videos/{video_id}/hls/720p/seg.m4s", "video/mp4", None)
    session_id = await system.agent.open(uuid4(), len(SMALL))

    assert (await system.sweep()).strays == 0

    later = replace(system.infra.deps, now=lambda: system.infra.deps.now() + HOURS)
    assert await abort_strays(later) >= 1
    assert stray not in await system.open_uploads(video_id)
    row = await system.row(session_id)
    assert await system.open_uploads(row["video_id"]) == [row["provider_upload_id"]]
    assert [u.upload_id for u in await store.list_uploads(f"videos/{video_id}/hls/")] == [film]
