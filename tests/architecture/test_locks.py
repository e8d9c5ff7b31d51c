"""The locks are complete, exact, and tell nothing of where they were made."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reel_testing.tree import ROOT, SERVICES, manifests, tracked_files

LOCKS = [path for path in tracked_files() if path.name == "requirements.lock"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)
ADDRESS = re.compile(r"://|\bfile:|^-|@ |\.(?:org|com|io|net)\b", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(lock.read_text())}


def workspace() -> dict[str, dict[str, object]]:
    found = ((m["project"]["name"], m) for m in manifests().values())
    return {canonicalize_name(name): manifest for name, manifest in found}


def closure(package: str) -> set[str]:
    """Return the package and the workspace packages it needs, through however many others."""
    known, waiting = workspace(), [package]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in known and name not in needed:
            needed.add(name)
            waiting += [canonicalize_name(r.name) for r in requirements(name)]
    return needed


def requirements(package: str) -> Iterator[Requirement]:
    manifest = next(m for m in manifests().values() if m["project"]["name"] == package)
    yield from map(Requirement, manifest["project"]["dependencies"])
    yield from map(Requirement, manifest.get("build-system", {}).get("requires", []))


def satisfied(requirement: Requirement, locked: dict[str, str]) -> bool:
    version = locked.get(canonicalize_name(requirement.name))
    return version is not None and version in requirement.specifier


def unlocked(package: str, lock: Path) -> list[str]:
    own, locked = workspace(), pins(lock)
    return sorted(
        f"{needed}: {requirement}"
        for needed in closure(package)
        for requirement in requirements(needed)
        if canonicalize_name(requirement.name) not in own and not satisfied(requirement, locked)
    )


def test_there_is_a_lock_for_each_service_development_the_servers_the_peer_and_uv() -> None:
    folders = {str(path.parent.relative_to(ROOT)) for path in LOCKS}

    assert folders == {
        ".",
        "deploy/local",
        "deploy/local/servers",
        "tests/load/peer",
        "tools/uv",
        *(f"services/{name}" for name in SERVICES),
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_lock_names_no_index_host_or_path(lock: Path) -> None:
    assert ADDRESS.findall(lock.read_text()) == []


@pytest.mark.parametrize("name", ["package-lock.json", ".npmrc"])
def test_the_npm_lock_names_no_registry(name: str) -> None:
    text = (ROOT / "tools" / "newman" / name).read_text()

    assert '"resolved"' not in text
    assert "registry=" not in text.replace("omit-lockfile-registry-resolved=", "")


def test_every_package_of_the_npm_lock_has_a_hash() -> None:
    lock = json.loads((ROOT / "tools" / "newman" / "package-lock.json").read_text())
    packages = {path: found for path, found in lock["packages"].items() if path}

    assert packages
    assert [path for path, found in packages.items() if "integrity" not in found] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_pin_of_a_lock_has_a_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().split("make lock\n", 1)[1].strip())

    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_lock_is_what_its_packages_ask_for(service: str) -> None:
    assert unlocked(service, ROOT / "services" / service / "requirements.lock") == []


def test_the_stack_lock_is_what_its_packages_ask_for() -> None:
    assert unlocked("reel-stack", ROOT / "deploy" / "local" / "requirements.lock") == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_lock_agrees_with_development(service: str) -> None:
    development = pins(ROOT / "requirements.lock")

    own = pins(ROOT / "services" / service / "requirements.lock")

    assert {name: v for name, v in own.items() if development.get(name) != v} == {}


def test_the_development_lock_is_what_every_package_asks_for() -> None:
    lock = ROOT / "requirements.lock"

    missing = [item for name in workspace() if name != "reel" for item in unlocked(name, lock)]

    assert missing == []


def test_the_development_lock_holds_the_tools() -> None:
    groups = manifests()[ROOT / "pyproject.toml"]["dependency-groups"]["dev"]
    locked = pins(ROOT / "requirements.lock")

    missing = [line for line in groups if not satisfied(Requirement(line), locked)]

    assert missing == []


@pytest.mark.parametrize("programs", ["deploy/local/servers", "tests/load/peer"])
def test_the_lock_of_programs_is_what_they_ask_for(programs: str) -> None:
    folder = ROOT / programs
    lines = (folder / "requirements.in").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    locked = pins(folder / "requirements.lock")

    assert wanted
    assert [str(line) for line in wanted if not satisfied(line, locked)] == []


def test_a_peer_runs_on_the_same_server_and_driver_as_we_do() -> None:
    ours, theirs = (
        pins(ROOT / "requirements.lock"),
        pins(ROOT / "tests/load/peer/requirements.lock"),
    )

    shared = {"asyncpg", "cryptography", "httptools", "pyjwt", "uvicorn", "uvloop"}

    assert {name: theirs[name] for name in shared} == {name: ours[name] for name in shared}


def test_every_third_party_dependency_is_bounded_above() -> None:
    own = workspace()
    loose = {
        f"{name}: {requirement}"
        for name in own
        for requirement in requirements(name)
        if canonicalize_name(requirement.name) not in own
        and not any(s.operator in {"<", "==", "~="} for s in requirement.specifier)
    }

    assert sorted(loose) == []
