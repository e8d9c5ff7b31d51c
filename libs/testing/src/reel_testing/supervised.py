"""Single parts of the stack, without the rest of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import StringIO

from rich.console import Console

from reel_stack.environment import base_environment
from reel_stack.layout import Layout
from reel_stack.report import Report
from reel_stack.supervisor import Supervisor


@asynccontextmanager
async def supervised(
    layout: Layout, *, restart_servers: bool = False
) -> AsyncGenerator[Supervisor]:
    """A supervisor on a state directory; what it started is gone at the end.

    Raises PartFailed, in an exception group, when a server of it ends.
    """
    layout.prepare()
    report = Report(Console(file=StringIO()))
    supervisor = None
    try:
        async with asyncio.TaskGroup() as group:
            base = base_environment(layout.temporary)
            supervisor = Supervisor(
                group, layout, report, base=base, restart_servers=restart_servers
            )
            yield supervisor
            await supervisor.stop()
    finally:
        if supervisor is not None:
            await supervisor.stop()
