"""A runbook's commands, read from its page and typed as a person would type them."""

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from reel_stack.environment import base_environment
from reel_stack.layout import REPOSITORY, VAR_VARIABLE, Layout

RUNBOOKS: Final = REPOSITORY / "deploy" / "runbooks"
SHELL: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED_S: Final = 120.0
DONE: Final = "--done--"


def commands(page: Path, heading: str) -> list[str]:
    """Return the lines to type below `## heading`, in their order, without the comments.

    Raises:
        LookupError: the page has no such heading, or nothing to type below it.
    """
    sections = re.split(r"^## ", page.read_text(), flags=re.MULTILINE)
    texts = [section for section in sections if section.startswith(f"{heading}\n")]
    blocks: list[str] = [block for text in texts for block in SHELL.findall(text)]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    typed = [line for line in lines if line and not line.startswith("#")]
    if not typed:
        raise LookupError(f"{page.name} has nothing to type below {heading}")
    return typed


@dataclass(frozen=True, slots=True)
class Typed:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines it printed."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


async def type_in(command: str, layout: Layout) -> Typed:
    """Run one line in the clone, with nothing told but which stack is meant."""
    environment = {**base_environment(layout.temporary), VAR_VARIABLE: str(layout.var)}
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", command),
        cwd=REPOSITORY,
        env=environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(TYPED_S):
        out, err = await process.communicate()
    return Typed(await process.wait(), out.decode(), err.decode())


class Shell:
    """A person's shell in the clone: what a line sets, the next ones know."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def type_in(self, line: str) -> str:
        """Type a line, wait until it is done, and return what it printed.

        Raises:
            AssertionError: it ended with another status than 0, or the shell did.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise LookupError("the shell has no pipes")
        stdin.write(f"{line}\nprintf '\\n%s %s\\n' {DONE} $?\n".encode())
        async with asyncio.timeout(TYPED_S):
            printed = (await stdout.readuntil(f"\n{DONE} ".encode())).decode()
            status = int(await stdout.readline())
        printed = printed.removesuffix(f"\n{DONE} ")
        if status:
            raise AssertionError(f"{line}: status {status}: {printed}")
        return printed


@asynccontextmanager
async def shell(layout: Layout, **variables: str) -> AsyncGenerator[Shell]:
    """Open a shell that knows `variables`, and which stack is meant."""
    environment = {**base_environment(layout.temporary), VAR_VARIABLE: str(layout.var)}
    process = await asyncio.create_subprocess_exec(
        *("bash", "--norc", "--noprofile"),
        cwd=REPOSITORY,
        env={**environment, **variables},
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield Shell(process)
    finally:
        await process.communicate(b"")  # the end of its input is the end of a shell
