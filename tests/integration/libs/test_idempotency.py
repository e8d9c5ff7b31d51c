import asyncio
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from reel_db.idempotency import PgKeyLedger, idempotency_ddl_v1, purging_keys
from reel_db.pool import DATABASE_ERRORS, Pool, connect
from reel_kernel.idempotency import Answer, Attempt, InFlight, OtherRequest
from reel_testing.fault_proxy import fault_proxy
from reel_testing.faults import Fault, Script
from reel_testing.gate import gate_before
from reel_testing.waiting import until

OWNER = UUID(int=1)
MARK = b"m" * 32
DONE = Answer(status=201, headers=(("location", "/x"), ("content-type", "a/b")), body=b"\x00{}")


@pytest.fixture
async def ledger(pool: Pool) -> PgKeyLedger:
    await pool.execute(idempotency_ddl_v1())
    return PgKeyLedger(pool)


async def claimed(ledger: PgKeyLedger, key: str = "k", owner: UUID = OWNER) -> Attempt:
    claim = await ledger.claim(owner, key, MARK)
    assert isinstance(claim, Attempt), claim
    return claim


async def pass_time(pool: Pool, seconds: float) -> None:
    """Let every key look as if everything about it had happened earlier."""
    await pool.execute(
        """
        UPDATE idempotency_keys
           SET created_at = created_at - make_interval(secs => $1),
               claimed_until = claimed_until - make_interval(secs => $1)
        """,
        seconds,
    )


async def test_an_answer_is_kept_to_the_byte(ledger: PgKeyLedger) -> None:
    await ledger.settle(await claimed(ledger), DONE)

    assert await ledger.claim(OWNER, "k", MARK) == DONE


async def test_of_many_at_once_one_does_the_work(ledger: PgKeyLedger) -> None:
    async with asyncio.TaskGroup() as group:
        claims = [group.create_task(ledger.claim(OWNER, "k", MARK)) for _ in range(12)]

    results = [claim.result() for claim in claims]
    assert sum(isinstance(result, Attempt) for result in results) == 1
    assert results.count(InFlight()) == 11


async def test_another_request_with_the_key_is_told_apart_before_and_after_the_answer(
    ledger: PgKeyLedger,
) -> None:
    attempt = await claimed(ledger)

    assert await ledger.claim(OWNER, "k", b"other") == OtherRequest()

    await ledger.settle(attempt, DONE)
    assert await ledger.claim(OWNER, "k", b"other") == OtherRequest()


async def test_two_owners_do_not_share_a_key(ledger: PgKeyLedger) -> None:
    await ledger.settle(await claimed(ledger), DONE)

    assert isinstance(await ledger.claim(uuid4(), "k", MARK), Attempt)


async def test_a_crash_holds_the_key_for_the_lease_and_the_resource_for_good(
    ledger: PgKeyLedger, pool: Pool
) -> None:
    crashed = await claimed(ledger)
    await pass_time(pool, 119)
    assert await ledger.claim(OWNER, "k", MARK) == InFlight()

    await pass_time(pool, 2)
    second = await claimed(ledger)

    assert second.resource_id == crashed.resource_id
    assert second.claim_id != crashed.claim_id


async def test_who_lost_the_lease_decides_nothing_any_more(ledger: PgKeyLedger, pool: Pool) -> None:
    slow = await claimed(ledger)
    await pass_time(pool, 121)
    fast = await claimed(ledger)

    await ledger.settle(slow, Answer(status=404, headers=(), body=b"late"))
    await ledger.release(slow)

    assert await ledger.claim(OWNER, "k", MARK) == InFlight()
    await ledger.settle(fast, DONE)
    assert await ledger.claim(OWNER, "k", MARK) == DONE


async def test_a_released_key_is_free_at_once_for_the_same_resource(ledger: PgKeyLedger) -> None:
    first = await claimed(ledger)

    await ledger.release(first)

    assert (await claimed(ledger)).resource_id == first.resource_id


async def test_after_a_day_a_key_is_a_new_one(ledger: PgKeyLedger, pool: Pool) -> None:
    first = await claimed(ledger)
    await ledger.settle(first, DONE)
    await pass_time(pool, 24 * 3600 + 1)

    again = await claimed(ledger)

    assert again.resource_id != first.resource_id


async def test_the_worker_forgets_what_is_over_and_nothing_else(
    ledger: PgKeyLedger, pool: Pool
) -> None:
    for key in "abc":
        await ledger.settle(await claimed(ledger, key), DONE)
    await pass_time(pool, 24 * 3600 + 1)
    await claimed(ledger, "young")

    assert await ledger.purge(limit=2) == 2
    async with purging_keys(pool):
        await until(lambda: _count_is(pool, 1))

    assert await pool.fetchval("SELECT key FROM idempotency_keys") == "young"


async def _count_is(pool: Pool, wanted: int) -> bool:
    return await pool.fetchval("SELECT count(*) FROM idempotency_keys") == wanted


async def test_an_outcome_is_kept_through_a_short_outage(empty_database: str) -> None:
    async with gate_before(empty_database) as gate, connect(gate.in_front(empty_database)) as pool:
        await pool.execute(idempotency_ddl_v1())
        ledger = PgKeyLedger(pool)
        done, undecided = await claimed(ledger, "done"), await claimed(ledger, "undecided")
        gate.shut()
        async with asyncio.TaskGroup() as group:
            group.create_task(ledger.settle(done, DONE))
            releasing = group.create_task(ledger.release(undecided))
            await until(lambda: gate.refused > 1)
            assert not releasing.done()
            gate.open()

        assert await ledger.claim(OWNER, "done", MARK) == DONE
        assert isinstance(await ledger.claim(OWNER, "undecided", MARK), Attempt)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.CUT])
async def test_a_claim_whose_outcome_is_not_known_is_held_by_nobody(
    empty_database: str, fault: Fault
) -> None:
    port = urlsplit(empty_database).port or 0
    async with fault_proxy(port, is_http=False) as proxy:
        behind = empty_database.replace(f":{port}/", f":{proxy.port}/")
        async with connect(behind) as pool:
            await pool.execute(idempotency_ddl_v1())
            ledger = PgKeyLedger(pool)
            for number in range(40):  # each round trip of a claim in turn
                script = proxy.script = Script(0, {fault: 1}, spacing=(number, number))
                key, failed = f"key-{number}", False
                try:
                    await ledger.claim(OWNER, key, MARK)
                except DATABASE_ERRORS:
                    failed = True
                script.end()
                if not failed:
                    break
                assert isinstance(await ledger.claim(OWNER, key, MARK), Attempt), number

    assert proxy.hits[fault] >= 4  # BEGIN, two statements, COMMIT


async def test_an_outage_that_lasts_is_told(empty_database: str) -> None:
    async with gate_before(empty_database) as gate, connect(gate.in_front(empty_database)) as pool:
        await pool.execute(idempotency_ddl_v1())
        ledger = PgKeyLedger(pool, outage_s=0.2)
        attempt = await claimed(ledger)
        gate.shut()

        with pytest.raises(DATABASE_ERRORS):
            await ledger.settle(attempt, DONE)
