"""`postman.py [--prepare]`: run the Postman collection with newman, against a stack of its own.

Exits with newman's status. With --prepare nothing is run: `var/postman` gets the files to send and
an environment for the stack that runs already (`make up`), for use in Postman.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from reel_stack import keys, sources, stackfile, tokens
from reel_stack.layout import SERVERS_VENV, VAR, Layout
from reel_testing.openapi.stage import NO_FILM
from reel_testing.stack import running, state_directory

ROOT: Final = Path(__file__).resolve().parents[1]
CONTRACTS: Final = ROOT / "contracts" / "postman"
COLLECTION: Final = CONTRACTS / "reel.postman_collection.json"
ENVIRONMENT: Final = CONTRACTS / "reel.postman_environment.json"
NEWMAN: Final = ROOT / ".tools" / "newman" / "node_modules" / ".bin" / "newman"
PREPARED: Final = VAR / "postman"
FILM_S: Final = 9
PART_BYTES: Final = 5_242_880
TIMEOUT_MS: Final = 20_000
RUN_S: Final = 300
NO_VIDEO: Final = b"Milk, bread, a dozen eggs.\n" * 40


def prepare(folder: Path, gateway_url: str, token: Callable[[UUID], str]) -> Path:
    """Write the files to send, and the environment whose path is returned."""
    film = sources.make("mov-upright", folder / "film.mov", seconds=FILM_S).read_bytes()
    if not PART_BYTES < len(film) <= 2 * PART_BYTES:
        raise ValueError(f"The collection sends two parts; {len(film)} bytes are not two")
    (folder / "part-1.bin").write_bytes(film[:PART_BYTES])
    (folder / "part-2.bin").write_bytes(film[PART_BYTES:])
    (folder / "broken.mp4").write_bytes(NO_FILM)
    (folder / "list.txt").write_bytes(NO_VIDEO)
    values = {
        "baseUrl": gateway_url,
        "token": token(uuid4()),
        "otherToken": token(uuid4()),
        "filmMime": "video/quicktime",
        "filmSizeBytes": str(len(film)),
        "brokenSizeBytes": str(len(NO_FILM)),
        "textSizeBytes": str(len(NO_VIDEO)),
    }
    return _environment(folder, values)


def _environment(folder: Path, values: dict[str, str]) -> Path:
    document = json.loads(ENVIRONMENT.read_text())
    for variable in document["values"]:
        variable["value"] = values[variable["key"]]
    path = folder / "environment.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=2))
    return path


def newman(folder: Path, environment: Path) -> int:
    """Run the collection up to its first failure, and return newman's exit status."""
    options = ("--environment", str(environment), "--working-dir", str(folder))
    limits = ("--timeout-request", str(TIMEOUT_MS), "--timeout", str(RUN_S * 1000))
    command = ["env", "NO_PROXY=127.0.0.1,localhost", str(NEWMAN), "run", str(COLLECTION), "--bail"]
    return subprocess.run([*command, *options, *limits], timeout=RUN_S + 30, check=False).returncode  # noqa: S603 - our own tool


async def run() -> int:
    async with running() as stack, state_directory() as folder:
        environment = await asyncio.to_thread(prepare, folder, stack.gateway_url, stack.token)
        return await asyncio.to_thread(newman, folder, environment)


def prepare_running() -> None:
    layout = Layout(VAR, SERVERS_VENV)
    stack = stackfile.read(layout.stackfile)
    if stack is None or stack.gateway_url is None:
        sys.exit("no stack runs: make up")
    private_key = keys.load(layout.secrets).jwt_private_key
    PREPARED.mkdir(exist_ok=True)
    path = prepare(PREPARED, stack.gateway_url, lambda sub: tokens.mint(private_key, sub))
    print(f"import {COLLECTION}\nand    {path}\nworking directory: {PREPARED}")  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:] == ["--prepare"]:
        prepare_running()
    else:
        sys.exit(asyncio.run(run()))
