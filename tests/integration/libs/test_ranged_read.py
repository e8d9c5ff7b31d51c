import asyncio
import os
from contextlib import aclosing

import pytest

from reel_storage.client import s3_client
from reel_storage.errors import (
    ObjectChanged,
    ObjectMissing,
    SourceEndsEarly,
    StoreUnavailable,
)
from reel_storage.objects import S3Objects
from reel_storage.ranged import ReadPolicy
from reel_testing.broken_store import Answer, BrokenStore, broken_store

MIB = 1024 * 1024
BODY = os.urandom(3 * MIB)
AT_ONCE = ReadPolicy(max_failures=3, base_s=0, max_s=0)


async def read(store: BrokenStore, start: int = 0, end: int = len(BODY), etag: str = "e1") -> bytes:
    async with s3_client(store.settings) as client:
        objects = S3Objects(client, "b", AT_ONCE)
        return b"".join([chunk async for chunk in objects.stream("k", start, end, etag)])


async def test_a_range_is_read_whole_in_one_request() -> None:
    async with broken_store(BODY) as store:
        assert await read(store, 1000, 2 * MIB) == BODY[1000 : 2 * MIB]

    assert store.starts == [1000]


async def test_a_broken_read_goes_on_at_the_byte_where_it_broke() -> None:
    answers = [Answer(cut_after=MIB), Answer(cut_after=500_000), Answer(cut_after=1)]
    async with broken_store(BODY, *answers) as store:
        assert await read(store) == BODY

    assert store.starts == [0, MIB, MIB + 500_000, MIB + 500_001]


async def test_progress_starts_the_count_of_failures_afresh() -> None:
    answers = [Answer(cut_after=cut) for cut in (1, 0, 5, 0, 7, 0)]
    async with broken_store(BODY, *answers) as store:
        assert await read(store) == BODY


async def test_failing_three_times_in_a_row_is_enough() -> None:
    async with broken_store(BODY, *[Answer(cut_after=0)] * 3) as store:
        with pytest.raises(StoreUnavailable, match="from byte 0"):
            await read(store)

    assert len(store.starts) == 3


async def test_a_body_that_ends_early_in_good_order_is_not_the_end() -> None:
    async with broken_store(BODY, Answer(short_by=700_000)) as store:
        assert await read(store) == BODY

    assert store.starts == [0, len(BODY) - 700_000]


async def test_trouble_of_the_store_itself_passes() -> None:
    async with broken_store(BODY, Answer(status=503, code="SlowDown")) as store:
        assert await read(store) == BODY


async def test_an_object_replaced_between_two_reads_is_noticed() -> None:
    async with broken_store(BODY) as store, s3_client(store.settings) as client:
        objects, received = S3Objects(client, "b", AT_ONCE), 0
        store.script.append(Answer(cut_after=MIB))

        async def read_on() -> None:
            nonlocal received
            async for chunk in objects.stream("k", 0, len(BODY), "e1"):
                received += len(chunk)
                store.etag = "e2"

        with pytest.raises(ObjectChanged):
            await read_on()

    assert received == MIB


async def test_a_store_that_ignores_if_match_is_found_out() -> None:
    async with broken_store(BODY) as store:
        with pytest.raises(ObjectChanged):
            await read(store, etag="another")


async def test_an_object_that_disappeared_is_missing() -> None:
    answers = [Answer(cut_after=MIB), Answer(status=404, code="NoSuchKey")]
    async with broken_store(BODY, *answers) as store:
        with pytest.raises(ObjectMissing):
            await read(store)


async def test_an_object_shorter_than_the_range_is_told() -> None:
    async with broken_store(BODY) as store:
        with pytest.raises(SourceEndsEarly):
            await read(store, end=len(BODY) + 1)


async def test_a_refusal_is_not_repeated() -> None:
    async with broken_store(BODY, Answer(status=403, code="AccessDenied")) as store:
        with pytest.raises(StoreUnavailable, match="AccessDenied"):
            await read(store)

    assert store.starts == [0]


async def test_an_answer_that_ignores_the_range_is_not_believed() -> None:
    async with broken_store(BODY, Answer(whole=True)) as store:
        with pytest.raises(StoreUnavailable, match="asked for byte 10"):
            await read(store, start=10)


async def test_a_reader_that_pauses_stops_the_store() -> None:
    body = bytes(64 * MIB)
    async with broken_store(body) as store, s3_client(store.settings) as client:
        stream = S3Objects(client, "b").stream("k", 0, len(body), "e1", chunk_bytes=65536)
        async with aclosing(stream):
            first = await anext(stream)
            sent = -1
            while sent != store.sent_bytes:  # until the store, too, has come to rest
                sent = store.sent_bytes
                await asyncio.sleep(0.3)

    assert len(first) <= 65536
    assert sent < 16 * MIB  # the kernel's socket buffers, not ours


async def test_no_chunk_is_longer_than_asked() -> None:
    async with broken_store(BODY) as store, s3_client(store.settings) as client:
        stream = S3Objects(client, "b").stream("k", 0, len(BODY), "e1", chunk_bytes=10_000)
        sizes = [len(chunk) async for chunk in stream]

    assert max(sizes) <= 10_000
    assert sum(sizes) == len(BODY)
