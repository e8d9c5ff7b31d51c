"""The import rules hold, and would notice if they did not."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

from reel_testing.tree import ROOT, manifests

LINT = Path(sys.executable).with_name("lint-imports")

# (module to spoil, import it must not have, the rule that says so)
VIOLATIONS = (
    ("upload_service/adapters/__init__.py", "video_service.domain", "stack"),
    ("video_service/domain/__init__.py", "video_service.ports", "service"),
    ("transcode_service/domain/__init__.py", "asyncio", "pure"),
    ("upload_service/ports.py", "asyncpg", "drivers"),
    ("upload_service/api/__init__.py", "httpx", "edges"),
    ("video_service/adapters/__init__.py", "video_service.settings", "settings"),
    ("reel_contracts/__init__.py", "structlog", "contracts"),
    ("reel_client/__init__.py", "reel_db", "client"),
    ("reel_stack/__init__.py", "video_service", "processes"),
)


def lint(search_path: Path | None = None) -> tuple[int, str]:
    """Run import-linter on the packages of the search path, or on the installed ones."""
    env = {**os.environ, "PYTHONPATH": str(search_path or ""), "COLUMNS": "200"}
    command = [LINT, "--no-cache", "--config", ROOT / ".importlinter"]
    done = subprocess.run(  # noqa: S603 - our own tool, no outside input
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def rules() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser


def copy_packages(target: Path) -> None:
    for manifest in manifests():
        for package in (manifest.parent / "src").glob("*/"):
            shutil.copytree(package, target / package.name, symlinks=True)


def test_every_import_rule_holds() -> None:
    status, report = lint()

    assert status == 0, report
    assert "0 broken" in report


def test_every_import_rule_notices_its_violation(tmp_path: Path) -> None:
    copy_packages(tmp_path)
    for module, imported, _ in VIOLATIONS:
        path = tmp_path / module
        path.write_text(f"{path.read_text()}\nimport {imported}\n")

    status, report = lint(tmp_path)

    names = {rule: rules()[f"importlinter:contract:{rule}"]["name"] for _, _, rule in VIOLATIONS}
    assert status == 1, report
    assert [rule for rule, name in names.items() if f"{name} BROKEN" not in report] == []


def test_a_module_outside_the_layers_of_a_service_is_refused(tmp_path: Path) -> None:
    copy_packages(tmp_path)
    (tmp_path / "video_service" / "managers.py").write_text('"""No layer of ours."""\n')

    status, report = lint(tmp_path)

    assert status == 1
    assert "managers" in report


def test_the_rules_name_every_package_of_the_workspace() -> None:
    linted = set(rules()["importlinter"]["root_packages"].split())

    packages = {path.name for manifest in manifests() for path in manifest.parent.glob("src/*/")}

    assert packages == linted


def test_every_rule_has_a_violation_that_proves_it() -> None:
    sections = {name.rpartition(":")[2] for name in rules().sections() if ":contract:" in name}

    assert sections == {rule for _, _, rule in VIOLATIONS}
