"""What the database refuses by itself."""

import asyncpg
import pytest

from reel_testing.transcode_builders import FakeTranscoder, a_request
from reel_testing.transcode_system import TranscodeSystem
from transcode_service.adapters.pg_transaction import transactions
from transcode_service.bootstrap import job_deps
from transcode_service.consumers.sweeper import Sweeper
from transcode_service.domain.job import TRANSITIONS, JobState
from transcode_service.usecases.run_job import run_job


async def a_finished_job(system: TranscodeSystem) -> asyncpg.Record:
    request = a_request()
    begin = transactions(system.clients.pool)
    await run_job(request, job_deps(begin, FakeTranscoder(), Sweeper(), system.settings))
    return await system.job(request.job_id)


async def test_the_database_knows_the_same_edges_as_the_domain(system: TranscodeSystem) -> None:
    rows = await system.clients.pool.fetch("SELECT from_state, to_state FROM job_transitions")

    edges = {(source, target) for source, row in TRANSITIONS.items() for target in row.values()}
    assert {(row["from_state"], row["to_state"]) for row in rows} == edges


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.SUCCEEDED])
async def test_a_job_that_succeeded_stays_so(system: TranscodeSystem, state: JobState) -> None:
    job = await a_finished_job(system)

    with pytest.raises(asyncpg.CheckViolationError):
        await system.clients.pool.execute(
            "UPDATE jobs SET state = $2 WHERE id = $1", job["id"], state
        )


async def test_the_objects_of_a_winner_cannot_be_marked_swept(system: TranscodeSystem) -> None:
    job = await a_finished_job(system)

    with pytest.raises(asyncpg.CheckViolationError):
        await system.clients.pool.execute(
            "UPDATE job_attempts SET swept_at = now() WHERE job_id = $1", job["id"]
        )


async def test_no_two_attempts_of_a_video_have_one_number(system: TranscodeSystem) -> None:
    job = await a_finished_job(system)

    with pytest.raises(asyncpg.UniqueViolationError):
        await system.clients.pool.execute(
            """
            INSERT INTO job_attempts (video_id, number, job_id, prefix, owner, started_at, state)
            VALUES ($1, 1, $2, 'elsewhere/', 'w', now(), 'RUNNING')
            """,
            job["video_id"],
            job["id"],
        )
