"""The runner of FFmpeg, on programs that behave badly in its place."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from reel_testing.waiting import until
from transcode_service.adapters.ffmpeg import FfmpegEncoder
from transcode_service.domain.media_errors import EncodeFailed, EncodeTimedOut, StoreUnavailable
from transcode_service.ports.media import Encoded

Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Write an executable that runs this Python code."""

    def write(code: str) -> Path:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{code}\n")
        path.chmod(0o755)
        return path

    return write


async def chunks(count: int, size_bytes: int = 65536) -> AsyncGenerator[bytes]:
    for _ in range(count):
        yield bytes(size_bytes)


async def endless() -> AsyncGenerator[bytes]:
    while True:
        yield bytes(65536)


async def encode(
    program: Path,
    feed: AsyncGenerator[bytes],
    *,
    deadline_s: float = 30.0,
    stall_s: float = 30.0,
    heard: Callable[[float], None] = lambda _: None,
) -> Encoded:
    encoder = FfmpegEncoder(program, stall_s=stall_s, grace_s=0.2)
    return await encoder.encode([], feed, deadline_s=deadline_s, on_encoded_s=heard)


def is_running(pid_file: Path) -> bool:
    return Path(f"/proc/{int(pid_file.read_text())}").exists()


def is_written(file: Path) -> bool:
    """Tell whether the program has said its id; the file is there, and empty, before that."""
    return file.exists() and file.stat().st_size > 0


async def test_every_byte_arrives_and_progress_is_heard(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"n = len(sys.stdin.buffer.read()); open('{out}', 'w').write(str(n))\n"
    heard: list[float] = []

    encoded = await encode(
        program(code + "print('frame=1\\nout_time_us=1500000\\nprogress=end')"),
        chunks(100),
        heard=heard.append,
    )

    assert out.read_text() == str(100 * 65536)
    assert (encoded.bytes_in, encoded.drained) == (100 * 65536, True)
    assert heard == [1.5]


async def test_a_flood_of_messages_does_not_block(program: Program) -> None:
    code = "sys.stdin.buffer.read()\nfor _ in range(20000): sys.stderr.write('x' * 100 + '\\n')"

    assert (await encode(program(code), chunks(1))).drained


async def test_input_left_unread_is_no_failure_of_its_own(program: Program) -> None:
    encoded = await encode(program("sys.stdin.buffer.read(10)"), endless())

    assert not encoded.drained


async def test_a_bad_end_carries_the_last_messages(program: Program) -> None:
    code = "sys.stdin.buffer.read(10)\nsys.stderr.write('[error] No space left')\nsys.exit(228)"

    with pytest.raises(EncodeFailed) as failed:
        await encode(program(code), endless())

    assert failed.value.exit_code == 228
    assert failed.value.stderr_tail == ("[error] No space left",)


async def test_the_deadline_ends_even_a_program_that_will_not_listen(
    program: Program, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    code = f"{deaf}open('{pid}', 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)"

    with pytest.raises(EncodeTimedOut, match="no end after"):
        await encode(program(code), endless(), deadline_s=1.0)

    assert not is_running(pid)


async def test_a_program_that_stops_taking_and_making_is_stalled(program: Program) -> None:
    with pytest.raises(EncodeTimedOut, match="no progress"):
        await encode(program("time.sleep(60)"), endless(), stall_s=0.5)


async def test_waiting_for_the_source_is_no_stall(program: Program) -> None:
    async def slow() -> AsyncGenerator[bytes]:
        yield b"first"
        await asyncio.sleep(1.0)
        yield b"last"

    encoded = await encode(program("sys.stdin.buffer.read()"), slow(), stall_s=0.4)

    assert encoded.bytes_in == len(b"firstlast")


@pytest.mark.parametrize(
    "greed",
    ["bytearray(9 * 1024**3)", "os.truncate(os.open('big', os.O_CREAT | os.O_RDWR), 3 * 1024**3)"],
    ids=["memory", "a file"],
)
async def test_a_program_that_takes_too_much_fails(
    greed: str, program: Program, tmp_path: Path
) -> None:
    code = f"sys.stdin.buffer.read()\nos.chdir('{tmp_path}')\n{greed}"

    with pytest.raises(EncodeFailed):
        await encode(program(code), chunks(1))


async def test_the_program_is_given_no_more_cpu_than_all_cores_have_until_its_deadline(
    program: Program, tmp_path: Path
) -> None:
    limits = tmp_path / "limits"
    code = f"sys.stdin.buffer.read()\nopen('{limits}', 'w').write(open('/proc/self/limits').read())"

    await encode(program(code), chunks(1), deadline_s=20)

    [cpu] = [line for line in limits.read_text().splitlines() if line.startswith("Max cpu time")]
    cores = os.cpu_count() or 1
    assert cpu.split()[3:] == [str(20 * cores), str(20 * cores), "seconds"]


async def test_the_program_leads_a_process_group_of_its_own(
    program: Program, tmp_path: Path
) -> None:
    group = tmp_path / "group"

    await encode(program(f"open('{group}', 'w').write(str(os.getpgrp()))"), chunks(0))

    assert int(group.read_text()) != os.getpgrp()


async def test_a_source_that_fails_ends_the_program(program: Program, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"open('{pid}', 'w').write(str(os.getpid()))\nsys.stdin.buffer.read()"

    async def failing() -> AsyncGenerator[bytes]:
        await until(lambda: is_written(pid))
        raise StoreUnavailable("down")
        yield b""

    with pytest.raises(StoreUnavailable):
        await encode(program(code), failing())

    assert not is_running(pid)


async def test_cancellation_ends_the_program(program: Program, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"open('{pid}', 'w').write(str(os.getpid()))\nsys.stdin.buffer.read()"

    encoding = asyncio.ensure_future(encode(program(code), endless()))
    await until(lambda: is_written(pid))
    encoding.cancel()

    with pytest.raises(asyncio.CancelledError):
        await encoding
    assert not is_running(pid)


async def test_the_program_gets_none_of_our_environment(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSCODE_WEBHOOK_SECRET", "whsec_secret")
    out = tmp_path / "out"

    await encode(program(f"open('{out}', 'w').write(repr(dict(os.environ)))"), chunks(0))

    assert "whsec_secret" not in out.read_text()


WORKER = """
import asyncio, sys
from pathlib import Path
from transcode_service.adapters.ffmpeg import FfmpegEncoder

async def endless():
    while True:
        yield bytes(65536)

encoder = FfmpegEncoder(Path(sys.argv[1]))
asyncio.run(encoder.encode([], endless(), deadline_s=60, on_encoded_s=print))
"""


async def test_a_hung_program_dies_with_a_worker_killed_outright(
    program: Program, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    hung = program(f"{deaf}open('{pid}', 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)")
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, str(hung))
    await until(lambda: is_written(pid))

    worker.kill()
    await worker.wait()

    await until(lambda: not is_running(pid))
