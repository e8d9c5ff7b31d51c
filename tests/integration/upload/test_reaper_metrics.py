"""What the sweep does is seen in the numbers of a running worker."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, cast
from uuid import UUID, uuid4

from prometheus_client.parser import text_string_to_metric_families

from reel_observability import metrics
from reel_testing.internal import told_on
from reel_testing.service_process import service_process
from reel_testing.upload.builders import an_mp4
from reel_testing.upload.lossy_store import Crash, Loss, LossyStore
from reel_testing.upload.service import UploadSystem
from reel_testing.waiting import until
from upload_service.domain.errors import StoreUnavailable
from upload_service.usecases.abort_strays import abort_strays
from upload_service.usecases.complete_upload import complete_upload
from upload_service.usecases.reaper_metrics import STORE_UNAVAILABLE
from upload_service.usecases.sweep import sweep

SOURCE = an_mp4(2000)
PART = 5 * 1024 * 1024
DAY_S, GRACE_S = 86_400, 600
NEWS, LEFTOVERS = ("news", "announced", "UPLOAD_EXPIRED"), ("leftovers", "visited", "")


def reaped(text: str) -> dict[tuple[str, ...], float]:
    """How often, by kind, outcome and reason."""
    return {
        tuple(sample.labels[name] for name in ("kind", "outcome", "reason")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "reel_upload_reaped_total"
    }


class SilentStore:
    """A store that answers nobody."""

    def __getattr__(self, _: str) -> NoReturn:
        raise StoreUnavailable


async def interrupted(system: UploadSystem, loss: Loss) -> UUID:
    """A session whose completion ended in this crash, longer ago than is waited for."""
    session_id = await system.agent.open(uuid4(), len(SOURCE))
    parts = await system.agent.send(session_id, SOURCE, PART)
    deps = replace(system.infra.deps, store=cast("Any", LossyStore(system.infra.deps.store, loss)))
    claimed = {cast("int", part["partNumber"]): str(part["etag"]) for part in parts}
    try:
        await complete_upload(session_id, system.agent.id, claimed, deps)
    except Crash:
        await system.age(session_id, GRACE_S + 1)
    return session_id


async def replace_source(system: UploadSystem, session_id: UUID) -> None:
    key = f"videos/{(await system.row(session_id))['video_id']}/source.mp4"
    await system.infra.clients.s3.put_object(
        Bucket=system.settings.s3_bucket, Key=key, Body=SOURCE[:-1] + b"x"
    )


async def test_what_was_interrupted_or_forgotten_is_counted_by_kind_and_reason(
    system: UploadSystem, tmp_path: Path
) -> None:
    await interrupted(system, Loss.CRASH_AFTER)
    await interrupted(system, Loss.CRASH_BEFORE)
    replaced = await interrupted(system, Loss.CRASH_AFTER)
    await replace_source(system, replaced)
    untouched = await system.agent.open(uuid4(), len(SOURCE))
    await system.age(untouched, DAY_S + 1)
    env = {**system.environment, "UPLOAD_WORKER_PORT": "0", "UPLOAD_SWEEP_INTERVAL_S": "0.2"}

    async def failed() -> bool:
        return (await system.row(replaced))["status"] == "FAILED"

    async with service_process("upload_service.worker", env, tmp_path / "worker.log") as worker:
        port = await worker.port()
        await until(failed)
        await system.age(replaced, DAY_S + 1)

        async def is_over() -> bool:
            counted = reaped((await told_on(port)).text)
            return NEWS in counted and counted.get(LEFTOVERS, 0) >= 2

        await until(is_over)
        told = await told_on(port)

    assert told.status == 200
    assert not told.names_somebody
    counted = reaped(told.text)
    del counted[LEFTOVERS]
    assert counted == {
        ("completion", "completed", ""): 1,
        ("completion", "failed", "PROVIDER_ERROR"): 1,
        ("completion", "reopened", ""): 1,
        ("session", "failed", "UPLOAD_EXPIRED"): 1,
        NEWS: 1,
    }


async def test_strays_are_counted_and_so_is_what_the_store_postpones(system: UploadSystem) -> None:
    later = replace(system.infra.deps, now=lambda: system.infra.deps.now() + timedelta(hours=2))
    await system.infra.deps.store.create(f"videos/{uuid4()}/source.mp4", "video/mp4", None)
    before = reaped((await metrics.scrape()).decode())

    aborted = await abort_strays(later)
    await system.agent.do(await system.agent.open(uuid4(), len(SOURCE)), "cancel")
    await sweep(replace(later, store=cast("Any", SilentStore())))

    after = reaped((await metrics.scrape()).decode())
    stray, postponed = ("stray", "aborted", ""), ("stray", "postponed", STORE_UNAVAILABLE)
    assert after[stray] - before.get(stray, 0) == aborted >= 1
    assert after[postponed] - before.get(postponed, 0) == 1
