from array import array
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange, Strand, Woven
from transcode_service.usecases.strand_reader import MAX_GAP_BYTES, unweave


class Source:
    """Bytes that tell their place; counts reads and what is open."""

    def __init__(self, size: int, chunk_bytes: int = 10) -> None:
        self.data = bytes(place * 167 % 251 for place in range(size))
        self.chunk_bytes = chunk_bytes
        self.reads: list[tuple[int, int]] = []
        self.open = 0

    async def read(self, part: FileRange) -> AsyncGenerator[bytes]:
        self.reads.append((part.start, part.end))
        self.open += 1
        try:
            for at in range(part.start, min(part.end, len(self.data)), self.chunk_bytes):
                yield self.data[at : min(at + self.chunk_bytes, part.end)]
        finally:
            self.open -= 1


def strand(*ranges: tuple[int, int]) -> Strand:
    return Strand(array("Q", (a for a, _ in ranges)), array("Q", (b for _, b in ranges)))


def woven(turns: bytes, *strands: Strand) -> Woven:
    sizes = (
        end - start for one in strands for start, end in zip(one.starts, one.ends, strict=True)
    )
    return Woven(strands, turns, sum(sizes))


async def sent(part: Woven, source: Source) -> bytes:
    async with aclosing(unweave(part, source.read)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_two_strands_in_turns_take_one_read_each() -> None:
    source = Source(200)
    part = woven(bytes([0, 1, 0, 1]), strand((0, 15), (15, 40)), strand((100, 103), (103, 170)))

    got = await sent(part, source)

    data = source.data
    assert got == data[0:15] + data[100:103] + data[15:40] + data[103:170]
    assert source.reads == [(0, 40), (100, 170)]
    assert source.open == 0


async def test_small_gaps_are_read_over_and_large_ones_jumped() -> None:
    source = Source(3 * MAX_GAP_BYTES, chunk_bytes=1 << 18)
    far = 60 + MAX_GAP_BYTES + 1
    part = woven(bytes(3), strand((0, 10), (50, 60), (far, far + 10)))

    got = await sent(part, source)

    assert got == source.data[0:10] + source.data[50:60] + source.data[far : far + 10]
    assert source.reads == [(0, 60), (far, far + 10)]


async def test_a_strand_may_jump_back() -> None:
    source = Source(100)

    got = await sent(woven(bytes(2), strand((50, 60), (0, 10))), source)

    assert got == source.data[50:60] + source.data[0:10]
    assert source.reads == [(50, 60), (0, 10)]


RANGES = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 30)), max_size=6).map(
    lambda pairs: [(start, min(100, start + size)) for start, size in pairs]
)


@settings(deadline=None)
@given(st.lists(RANGES, min_size=1, max_size=3), st.randoms(use_true_random=False))
async def test_any_weave_gives_its_ranges_in_its_order(
    ranges: list[list[tuple[int, int]]], random: Random
) -> None:
    turns = [number for number, each in enumerate(ranges) for _ in each]
    random.shuffle(turns)
    source = Source(100)

    got = await sent(woven(bytes(turns), *(strand(*each) for each in ranges)), source)

    left = [iter(each) for each in ranges]
    assert got == b"".join(source.data[slice(*next(left[turn]))] for turn in turns)
    assert source.open == 0


async def test_reads_end_when_the_reader_is_let_go_midway() -> None:
    source = Source(100)
    part = woven(bytes([0, 1]), strand((0, 50)), strand((50, 100)))

    async with aclosing(unweave(part, source.read)) as chunks:
        await anext(chunks)

    assert source.open == 0


async def test_a_source_that_ends_early_has_changed() -> None:
    with pytest.raises(SourceRejected) as rejected:
        await sent(woven(bytes(1), strand((90, 110))), Source(100))

    assert rejected.value.reason is Rejection.SOURCE_CHANGED


async def test_a_failed_read_fails_the_stream_and_ends_the_others() -> None:
    source = Source(100)

    async def read(part: FileRange) -> AsyncGenerator[bytes]:
        if part.start == 50:
            raise SourceRejected(Rejection.SOURCE_CHANGED, "another entity")
        async with aclosing(source.read(part)) as chunks:
            async for chunk in chunks:
                yield chunk

    part = woven(bytes([0, 1, 0]), strand((0, 5), (5, 9)), strand((50, 60)))
    got = list[bytes]()
    with suppress(SourceRejected):
        async with aclosing(unweave(part, read)) as chunks:
            async for chunk in chunks:
                got.append(chunk)

    assert b"".join(got) == source.data[:5]
    assert source.open == 0
