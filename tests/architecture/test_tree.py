"""Rules of the tree that no linter knows."""

import ast
import importlib
import re
from pathlib import Path

import msgspec
import pytest

from reel_testing.tree import ROOT, SERVICES, source_modules, tracked_files, tracked_text

LONGEST_MODULE_LINES = 250
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
ENTRY_POINTS = {"asgi.py", "worker.py", "migrate.py", "ops.py"}
# Programs a person or a test starts: these may look at the environment they were started in.
PROGRAMS = {"reel_client", "reel_stack", "reel_testing"}
README_SECTIONS = ("Owns", "Publishes", "Consumes", "Configuration", "Runbook")
ADR_SECTIONS = ("Context", "Decision", "Consequences", "Alternatives")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HOME_PATH = re.compile(r"(?<![\w.}])/(home|root|Users)/\w+")
URL_HOST = re.compile(r"https?://(?:[^\s/@\"'`]*@)?([a-zA-Z0-9.-]+\.[a-zA-Z]{2,})")
# Everything the project may point at: documents, and names that are reserved for examples.
KNOWN_HOSTS = re.compile(
    r"""(^|\.)(
        example\.(com|org|net|test)|[a-z0-9-]+\.(test|example|invalid|internal|localhost)
        |json-schema\.org|rfc-editor\.org|ietf\.org|w3\.org|apache\.org|keepachangelog\.com
        |semver\.org|standardwebhooks\.com|adobe\.com|amazonaws\.com|docs\.aws\.amazon\.com
        |127\.0\.0\.1|schema\.getpostman\.com
    )$""",
    re.VERBOSE,
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [relative(p) for p in source_modules() if {p.stem, *p.parts} & VAGUE_NAMES]

    assert vague == []


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {relative(p): len(p.read_text().splitlines()) for p in source_modules()}

    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE_LINES} == {}


def reads_environment(path: Path) -> bool:
    """Tell whether the module names os.environ or os.getenv, in whatever spelling."""
    names = {"environ", "environb", "getenv"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in names:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return any(alias.name in names for alias in node.names)
    return False


def test_only_entry_points_read_the_environment() -> None:
    readers = [
        relative(path)
        for path in source_modules()
        if path.name not in ENTRY_POINTS
        and not PROGRAMS & set(path.parts)
        and reads_environment(path)
    ]

    assert readers == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_readme_answers_the_five_questions(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()

    headings = re.findall(r"^## (.+?)\s*$", text, re.MULTILINE)

    assert [name for name in README_SECTIONS if name not in headings] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_readme_names_every_setting(service: str) -> None:
    package = service.replace("-", "_")
    settings: type[msgspec.Struct] = importlib.import_module(f"{package}.settings").Settings
    prefix = package.removesuffix("service").upper()
    text = (ROOT / "services" / service / "README.md").read_text()

    names = [f"{prefix}{field.name}".upper() for field in msgspec.structs.fields(settings)]

    assert [
        name for name in names if name not in text and f"`{name.removeprefix(prefix)}`" not in text
    ] == []


def decisions() -> list[Path]:
    return sorted((ROOT / "contracts" / "adr").glob("[0-9]*.md"))


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in decisions()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_a_decision_is_one_page_with_all_its_parts() -> None:
    wrong: list[str] = []
    for path in decisions():
        lines = path.read_text().splitlines()
        headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
        if headings != list(ADR_SECTIONS) or not lines[0].startswith(f"# {int(path.name[:4])}. "):
            wrong.append(f"{path.name}: {headings}")
        if len(lines) > 60:
            wrong.append(f"{path.name}: {len(lines)} lines")

    assert wrong == []


def test_the_index_of_decisions_names_each_one() -> None:
    index = (ROOT / "contracts" / "README.md").read_text()

    assert [path.name for path in decisions() if f"adr/{path.name}" not in index] == []


def test_nothing_is_left_for_later() -> None:
    marks = [relative(p) for p, text in tracked_text() if UNFINISHED.search(text) and p != THIS]

    assert marks == []


def test_no_file_names_somebodys_home() -> None:
    assert [relative(p) for p, text in tracked_text() if HOME_PATH.search(text)] == []


def test_no_file_points_at_an_unknown_host() -> None:
    unknown = {
        f"{relative(path)}: {host}"
        for path, text in tracked_text()
        for host in URL_HOST.findall(text)
        if path.name not in {"LICENSE", "package-lock.json"} and not KNOWN_HOSTS.search(host)
    }

    assert sorted(unknown) == []


def test_every_shell_script_can_be_run_and_stops_at_an_error() -> None:
    scripts = [p for p in tracked_files() if p.suffix == ".sh" or relative(p) == ".ci/run"]

    careful = re.compile(r"^set -eu", re.MULTILINE)
    broken = [
        relative(path)
        for path in scripts
        if not path.stat().st_mode & 0o100 or not careful.search(path.read_text())
    ]

    assert scripts
    assert broken == []


THIS = Path(__file__)
