"""Whether a consumer takes messages."""

import asyncio


class Valve:
    """Open or shut, at any time; a shut one stops nothing that runs already."""

    def __init__(self, *, is_open: bool = True) -> None:
        self._open = asyncio.Event()
        if is_open:
            self._open.set()

    @property
    def is_open(self) -> bool:
        """Tell whether messages may be taken now."""
        return self._open.is_set()

    def open(self) -> None:
        """Let messages be taken."""
        self._open.set()

    def shut(self) -> None:
        """Let no message be taken; what a poll under way brings is handed back at once."""
        self._open.clear()

    async def until_open(self) -> None:
        """Return once it is open."""
        await self._open.wait()
