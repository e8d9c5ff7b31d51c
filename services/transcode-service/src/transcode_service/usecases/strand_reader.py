"""Reading several strands of a source in turns, with one long read open for each."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from typing import Final

from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange, Strand, Woven

MAX_GAP_BYTES: Final = 1024 * 1024
"""Reading over a gap of this length takes no longer than asking the store anew."""

Read = Callable[[FileRange], AsyncGenerator[bytes]]


async def unweave(woven: Woven, read: Read) -> AsyncGenerator[bytes]:
    """Yield the bytes of the strands in turns, in chunks as `read` gives them.

    A strand that goes on behind what was read of it takes one read from end to end, over small
    gaps too; another is opened where it jumps. What is in memory is one chunk a strand.

    Raises:
        SourceRejected: SOURCE_CHANGED: a read ended early; and whatever `read` raises.
    """
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(aclosing(StrandReader(strand, read)))
            for strand in woven.strands
        ]
        for turn in woven.turns:
            async with aclosing(readers[turn].next_range()) as chunks:
                async for chunk in chunks:
                    yield chunk


class StrandReader:
    """Reads the ranges of one strand, in their order."""

    def __init__(self, strand: Strand, read: Read) -> None:
        self._strand = strand
        self._read = read
        self._number = 0
        self._position = 0
        self._run_end = 0
        self._chunks: AsyncGenerator[bytes] | None = None
        self._left = memoryview(b"")

    async def next_range(self) -> AsyncGenerator[bytes]:
        """Yield the bytes of the next range."""
        start, end = self._strand.starts[self._number], self._strand.ends[self._number]
        if not self._position <= start <= end <= self._run_end:
            await self._open_run()
        self._number += 1
        while self._position < start:
            await self._take(start - self._position)
        while self._position < end:
            yield bytes(await self._take(end - self._position))

    async def aclose(self) -> None:
        """End the read under way."""
        if self._chunks is not None:
            await self._chunks.aclose()

    async def _open_run(self) -> None:
        """Begin to read where the next range starts, up to where the strand jumps."""
        await self.aclose()
        self._position = self._strand.starts[self._number]
        self._run_end = self._end_of_run()
        self._chunks = self._read(FileRange(self._position, self._run_end))
        self._left = memoryview(b"")

    def _end_of_run(self) -> int:
        end = self._strand.ends[self._number]
        for number in range(self._number + 1, len(self._strand.starts)):
            if not 0 <= self._strand.starts[number] - end <= MAX_GAP_BYTES:
                return end
            end = self._strand.ends[number]
        return end

    async def _take(self, most: int) -> memoryview:
        """Return the next bytes of the run, at least one and `most` at most."""
        if not self._left and self._chunks is not None:
            self._left = memoryview(await anext(self._chunks, b""))
        if not self._left:
            detail = f"the source ends at byte {self._position}, not {self._run_end}"
            raise SourceRejected(Rejection.SOURCE_CHANGED, detail)
        taken, self._left = self._left[:most], self._left[most:]
        self._position += len(taken)
        return taken
