"""The source tree as tests about it see it: what is tracked, what is a module, what is declared."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[4]
SERVICES: Final = ("video-service", "upload-service", "transcode-service")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file of the tree that git tracks or would (not ignored), as it is on disk."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout  # noqa: S603 - fixed command
    paths = (ROOT / name for name in listing.decode().split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def tracked_text() -> Iterator[tuple[Path, str]]:
    """Yield each tracked file that is text, with its contents."""
    for path in tracked_files():
        try:
            yield path, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def source_modules() -> tuple[Path, ...]:
    """Return the modules of our packages: everything under a `src`."""
    return tuple(p for p in tracked_files() if p.suffix == ".py" and "src" in p.parts)


def manifests() -> dict[Path, dict[str, Any]]:
    """Return every package's parsed pyproject.toml, the root's included."""
    found = [path for path in tracked_files() if path.name == "pyproject.toml"]
    return {path: tomllib.loads(path.read_text()) for path in found}


def requirement_names(manifest: dict[str, Any]) -> list[str]:
    """Return the names of a package's dependencies, without extras and bounds."""
    lines: list[str] = manifest["project"]["dependencies"]
    return [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in lines]


def closure_folders(package: str) -> set[str]:
    """Return the folders of the package and the workspace packages it needs, however far."""
    known = {
        manifest["project"]["name"]: (path, manifest) for path, manifest in manifests().items()
    }
    folders: set[str] = set()
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name in known:
            path, manifest = known.pop(name)
            folders.add(str(path.parent.relative_to(ROOT)))
            waiting += requirement_names(manifest)
    return folders
