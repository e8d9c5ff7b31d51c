"""One run of a stack: alone on its state directory, up until a signal, and gone without a trace."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from typing import Final, cast

import msgspec

from reel_stack import lock, stackfile
from reel_stack.bring_up import bring_up, plan
from reel_stack.environment import base_environment
from reel_stack.errors import ServersMissing, StackError
from reel_stack.options import Options
from reel_stack.report import Report
from reel_stack.supervisor import Supervisor

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """A signal asked the stack to stop."""


async def up(options: Options, report: Report, on_ready: Callable[[], None]) -> None:
    """Run the stack until SIGINT or SIGTERM.

    Raises StackError: another runs there, a part failed to start, or a server ended.
    """
    layout = options.layout
    if not (layout.servers / "bin" / "python").exists():
        raise ServersMissing(layout.servers)
    layout.prepare()
    with lock.exclusive(layout.lock) as held:
        try:
            await _run(options, report, on_ready, held)
        except ExceptionGroup as group:
            raise _first(group) from None


async def _run(options: Options, report: Report, on_ready: Callable[[], None], held: int) -> None:
    layout = options.layout
    base = base_environment(layout.temporary)
    layout.stackfile.unlink(missing_ok=True)  # of a runner that was killed
    supervisor = None
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_until_signalled(), name="signals")
            supervisor = Supervisor(
                group,
                layout,
                report,
                base=base,
                hold=held,
                restart_servers=options.restart_servers,
            )
            await _start(options, supervisor, report)
            on_ready()
    except* Stopped:
        report.stopping()
    finally:
        layout.stackfile.unlink(missing_ok=True)
        if supervisor is not None:
            await supervisor.stop()


async def _start(options: Options, supervisor: Supervisor, report: Report) -> None:
    """Bring everything up, and keep stack.json true from then on."""
    run = plan(options)
    await bring_up(run, supervisor)

    def write() -> stackfile.Stack:
        pids = supervisor.pids() | {"runner": os.getpid()}
        stack = msgspec.structs.replace(run.stack(), pids=pids)
        stackfile.write(options.layout.stackfile, stack)
        return stack

    supervisor.on_restart = write
    report.ready(write())


async def _until_signalled() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in STOP_SIGNALS:
        loop.add_signal_handler(signum, asked.set)
    await asked.wait()
    raise Stopped


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of groups, which task groups nest."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for inner in cast("BaseExceptionGroup[BaseException]", error).exceptions:
        yield from _leaves(inner)


def _first(group: BaseException) -> BaseException:
    """The failure that tells the person most: a part's, or whatever else came first."""
    errors = tuple(_leaves(group))
    return next((error for error in errors if isinstance(error, StackError)), errors[0])
