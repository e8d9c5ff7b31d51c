"""The example of libs/messaging/README.md runs as it stands, and prints what the page says."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from reel_stack.layout import REPOSITORY

README = REPOSITORY / "libs" / "messaging" / "README.md"
ONLY_THE_DATABASE = {"PATH": os.defpath}


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    [text] = found
    return text


async def test_the_example_prints_what_the_page_says(empty_database: str, tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    await asyncio.to_thread(program.write_text, block("python"))

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(program)),
        env={**ONLY_THE_DATABASE, "DATABASE_URL": empty_database},
        stdout=PIPE,
        stderr=STDOUT,
    )
    async with asyncio.timeout(60):
        printed, _ = await process.communicate()

    lines = [line for line in printed.decode().splitlines() if "[" not in line]
    assert process.returncode == 0, printed.decode()
    assert lines == block("text").splitlines(), printed.decode()
