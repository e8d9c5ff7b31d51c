"""The command `reel` as a person runs it: a real process, its output and its exit code."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from click.testing import CliRunner

from reel_client.cli import main
from reel_testing.api_double_state import TOKEN, ApiDouble

MakeFilm = Callable[..., Path]
COMMANDS = [
    "upload",
    "watch",
    "list",
    "show",
    "play",
    "pause",
    "resume",
    "cancel",
    "delete",
    "retry",
]


@dataclass(frozen=True, slots=True)
class Ended:
    code: int | None
    out: str
    err: str


class Shell:
    """Starts `reel` with the double's address and token, and an empty home."""

    def __init__(self, api: str, home: Path) -> None:
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "REEL_API": api,
            "REEL_TOKEN": TOKEN,
            "REEL_STATE_DIR": str(home / "state"),
            "PYTHONWARNINGS": "error",
        }

    async def start(self, *arguments: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reel_client", *arguments),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=self.env,
        )

    async def __call__(self, *arguments: str) -> Ended:
        return await ended(await self.start(*arguments))


async def ended(process: Process) -> Ended:
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return Ended(process.returncode, out.decode(), err.decode())


@pytest.fixture
def shell(double: ApiDouble, tmp_path: Path) -> Shell:
    return Shell(double.url, tmp_path)


async def test_an_upload_prints_its_video_and_its_progress(
    shell: Shell, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=5)

    run = await shell("upload", str(path), "--title", "12 Smith St")

    [(video_id, view)] = double.videos.items()
    assert (run.code, run.out) == (0, f"{video_id}\n")
    assert view["title"] == "12 Smith St"
    assert "COMPLETED   100%" in run.err
    assert "\x1b" not in run.out + run.err


async def test_a_killed_upload_goes_on_where_it_was(
    shell: Shell, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=6)
    double.script.held = {4, 5, 6}
    process = await shell.start("upload", str(path), "--parallel", "1")
    await double.until_stored(3)
    process.send_signal(signal.SIGKILL)
    killed = await ended(process)
    double.script.held = set()

    run = await shell("upload", str(path), "--parallel", "1")

    assert killed.code == -signal.SIGKILL
    assert run.code == 0, run.err
    assert double.puts() == [1, 2, 3, 4, 5, 6]
    assert double.stored_bytes() == path.read_bytes()
    assert "earlier" in run.err


async def test_an_interrupted_upload_says_how_to_go_on(
    shell: Shell, double: ApiDouble, film: MakeFilm
) -> None:
    path = film(parts=4)
    double.script.held = {3, 4}
    process = await shell.start("upload", str(path), "--parallel", "1")
    await double.until_stored(2)

    process.send_signal(signal.SIGINT)
    run = await ended(process)

    assert run.code == 130
    assert f"parts are stored; go on with: reel upload {path}" in run.err
    assert "Traceback" not in run.err
    assert double.session.status == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("name", "size_bytes"), [("tour.webm", 10), ("tour.mp4", 1_610_612_737), ("tour.mov", 0)]
)
async def test_a_wrong_file_is_refused_with_zero_requests(
    shell: Shell, double: ApiDouble, tmp_path: Path, name: str, size_bytes: int
) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(size_bytes)  # sparse

    run = await shell("upload", str(path))

    assert (run.code, run.out, double.seen) == (2, "", [])
    assert name in run.err


async def test_watching_to_ready_prints_the_stream(shell: Shell, double: ApiDouble) -> None:
    url = "https://cdn.example.com/videos/x/hls/master.m3u8"
    video_id = double.add_video()
    double.settle(video_id, "READY", playback={"ready": True, "streamUrl": url})

    for command in ("watch", "play"):
        run = await shell(command, str(video_id))

        assert (run.code, run.out) == (0, f"{url}\n")


@pytest.mark.parametrize("command", ["watch", "play"])
async def test_a_failed_video_has_no_stream_but_a_reason(
    shell: Shell, double: ApiDouble, command: str
) -> None:
    video_id = double.add_video()
    double.settle(video_id, "FAILED", failReason="SOURCE_CORRUPT")

    run = await shell(command, str(video_id))

    assert (run.code, run.out) == (1, "")
    assert f"{video_id} is FAILED (SOURCE_CORRUPT): there is no stream" in run.err


async def test_play_of_an_unfinished_video_fails(shell: Shell, double: ApiDouble) -> None:
    run = await shell("play", str(double.add_video("TRANSCODING")))

    assert (run.code, run.out) == (1, "")
    assert "is TRANSCODING: there is no stream" in run.err


async def test_a_list_is_limited_filtered_and_machine_readable(
    shell: Shell, double: ApiDouble
) -> None:
    ids = [str(double.add_video("READY")) for _ in range(3)] + [str(double.add_video("FAILED"))]

    text = await shell("list", "--limit", "2")
    lines = await shell("list", "--all", "--status", "ready", "--json")

    assert [line.split()[:2] for line in text.out.splitlines()] == [[i, "READY"] for i in ids[:2]]
    assert [msgspec.json.decode(line)["id"] for line in lines.out.splitlines()] == ids[:3]


async def test_show_tells_what_is_known(shell: Shell, double: ApiDouble) -> None:
    video_id = double.add_video("UPLOADING")

    text = await shell("show", str(video_id))
    document = await shell("show", str(video_id), "--json")

    assert "status       UPLOADING" in text.out
    assert "duration" not in text.out
    assert msgspec.json.decode(document.out)["durationSeconds"] is None


@pytest.mark.parametrize("by", ["session", "video", "file"])
async def test_the_sessions_buttons_take_what_a_person_knows(
    shell: Shell, double: ApiDouble, film: MakeFilm, by: str
) -> None:
    path = film(parts=3)
    double.script.held = {2, 3}
    process = await shell.start("upload", str(path), "--parallel", "1")
    await double.until_stored(1)
    process.send_signal(signal.SIGKILL)
    await ended(process)
    session = double.session
    target = {"session": session.id, "video": session.video_id, "file": path}[by]

    for command, status in (("pause", "PAUSED"), ("resume", "IN_PROGRESS"), ("cancel", "CANCELED")):
        run = await shell(command, str(target))

        assert (run.code, run.out) == (0, f"{session.id} {status}\n"), run.err
        assert session.status == status


async def test_a_button_for_nothing_is_wrong_usage(shell: Shell, double: ApiDouble) -> None:
    run = await shell("pause", "no-such-file.mov")

    assert (run.code, double.seen) == (2, [])
    assert "no upload of it is open" in run.err


async def test_a_refusal_shows_code_words_and_request_id(shell: Shell) -> None:
    run = await shell("delete", str(uuid4()))

    assert (run.code, run.out) == (1, "")
    assert run.err.splitlines()[0].endswith("[video-not-found]")
    assert "request id: req-1" in run.err


async def test_deleting_says_so(shell: Shell, double: ApiDouble) -> None:
    video_id = double.add_video()

    run = await shell("delete", str(video_id))

    assert (run.code, run.out) == (0, f"{video_id} deleted\n")
    assert double.videos == {}


async def test_a_wrong_token_is_explained_and_never_shown(shell: Shell) -> None:
    shell.env["REEL_TOKEN"] = "a-secret-that-must-stay-one"  # noqa: S105 - the test's own

    run = await shell("list")

    assert run.code == 1
    assert "REEL_TOKEN is missing, wrong or expired" in run.err
    assert "a-secret" not in run.out + run.err


async def test_a_part_that_never_arrives_is_told_with_what_to_do(
    shell: Shell, double: ApiDouble, film: MakeFilm
) -> None:
    double.script.denied = {1}

    run = await shell("upload", str(film(parts=1)))

    assert run.code == 1
    assert "FAILED" in run.err
    assert "what was uploaded is kept; the same command goes on from there" in run.err


async def test_no_server_is_one_clear_line(shell: Shell) -> None:
    shell.env["REEL_API"] = "http://127.0.0.1:9"

    run = await shell("delete", str(UUID(int=0)))

    assert run.code == 1
    assert run.err.startswith("reel: cannot connect to http://127.0.0.1:9")
    assert "Traceback" not in run.err


async def test_without_an_address_nothing_is_done(shell: Shell) -> None:
    del shell.env["REEL_API"]

    run = await shell("list")

    assert run.code == 2
    assert "REEL_API" in run.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    run = CliRunner().invoke(main, [command, "--help"], env={"REEL_TOKEN": TOKEN})

    assert run.exit_code == 0
    assert "REEL_TOKEN" in run.output
    assert TOKEN not in run.output


def test_help_lists_commands_and_exit_codes() -> None:
    run = CliRunner().invoke(main, ["--help"])

    assert run.exit_code == 0
    assert [name for name in COMMANDS if f"  {name} " not in run.output] == []
    assert "130  interrupted" in run.output
