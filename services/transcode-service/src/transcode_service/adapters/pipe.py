"""Writing to a pipe from the event loop, without a buffer in between."""

import asyncio
import fcntl
import os
from types import TracebackType
from typing import Final, Self

PIPE_BYTES: Final = 1024 * 1024
"""Asked of the kernel; Linux gives 64 KiB unless asked, up to fs.pipe-max-size."""


class OutPipe:
    """The write end of a new pipe; `reader_fd` is for a child's stdin.

    What the child has not read waits here, not in memory. Each end is closed once, at the latest
    when the block ends.
    """

    def __init__(self) -> None:
        self.reader_fd, self._writer_fd = os.pipe()
        os.set_blocking(self._writer_fd, False)
        self._open = {self.reader_fd, self._writer_fd}
        self._enlarge()

    def _enlarge(self) -> None:
        """Fewer, longer turns for reader and writer; a refusal costs nothing but speed."""
        try:
            fcntl.fcntl(self._writer_fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except PermissionError:  # an unprivileged user's pipes have a sum limit
            return

    async def write(self, data: bytes) -> None:
        """Return when the kernel has taken all of `data`.

        Raises:
            BrokenPipeError: the reader closed its end.
        """
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._writer_fd, view) :]
            except BlockingIOError:
                await self._writable()

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_writer(self._writer_fd, _resolve, ready)
        try:
            await ready
        finally:
            loop.remove_writer(self._writer_fd)

    def close_reader(self) -> None:
        """Close our copy of the child's end, so that its exit is seen as a broken pipe."""
        self._close(self.reader_fd)

    def close(self) -> None:
        """Close the write end: the child reads the end of the stream."""
        self._close(self._writer_fd)

    def _close(self, fd: int) -> None:
        if fd in self._open:
            self._open.remove(fd)
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close_reader()
        self.close()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
