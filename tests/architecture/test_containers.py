"""compose.yaml and the Dockerfiles describe the stack that runs, as far as reading can tell."""

import importlib
import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from reel_stack import cdn_part, gateway, keys, objectstore, postgres, queue, services, topology
from reel_stack.cdn.config import Config
from reel_testing.tree import ROOT, SERVICES, closure_folders

COMPOSE = ROOT / "deploy" / "compose.yaml"
DOCKERFILES = {
    **{name: ROOT / "services" / name / "Dockerfile" for name in SERVICES},
    "reel-stack": ROOT / "deploy" / "docker" / "cdn" / "Dockerfile",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")
Service = dict[str, Any]


@cache
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


def parts() -> dict[str, Service]:
    return compose()["services"]


def ours() -> dict[str, Service]:
    return {name: part for name, part in parts().items() if "build" in part}


@cache
def generated_environment() -> dict[str, str]:
    """What deploy/docker/environment.py would print, by the program itself."""
    program = runpy.run_path(str(ROOT / "deploy" / "docker" / "environment.py"))
    return program["variables"](keys.generate(objectstore.ACCOUNT))


def substituted(text: str) -> str:
    values = {n: v.replace("\\n", "\n") for n, v in generated_environment().items()}
    return VARIABLE.sub(lambda found: values[found[1]], text)


def dockerfile_of(part: Service) -> str:
    return (ROOT / part["build"]["dockerfile"]).read_text()


def image_environment(dockerfile: str) -> dict[str, str]:
    return dict(re.findall(r"^\s+([A-Z]+_[A-Z]+)=(\S+)", dockerfile, re.MULTILINE))


def started_service(part: Service) -> topology.Service:
    words = part.get("command") or re.findall(r"^CMD (\[.*\])$", dockerfile_of(part), re.MULTILINE)
    module = " ".join(words)
    return next(service for service in topology.SERVICES if service.package in module)


def test_the_containers_are_the_parts_of_the_embedded_stack() -> None:
    secrets = keys.generate(objectstore.ACCOUNT)
    secrets = msgspec.structs.replace(secrets, sqs_keys=secrets.s3_keys)
    addresses = {service.name: "http://127.0.0.1:1" for service in topology.SERVICES}
    wiring = services.Wiring(
        postgres_admin_url="postgresql://postgres@127.0.0.1:1/postgres",
        s3_url="http://127.0.0.1:1",
        sqs_url="http://127.0.0.1:1",
        cdn_url="http://127.0.0.1:1",
        services=addresses,
        ports=dict.fromkeys(addresses, 1),
        worker_ports=dict.fromkeys(addresses, 1),
        secrets=secrets,
        work=Path("work"),
    )

    embedded = {part.name for part in services.all_parts(wiring)}
    embedded |= {services.migration(service, {}).name for service in topology.SERVICES}
    embedded |= {part.NAME for part in (postgres, objectstore, queue, gateway, cdn_part)}

    assert set(parts()) == embedded


@pytest.mark.parametrize("name", sorted(n for n, part in ours().items() if "environment" in part))
def test_a_service_accepts_the_environment_its_container_gets(name: str) -> None:
    part = parts()[name]
    service = started_service(part)
    given = {key: substituted(str(value)) for key, value in part["environment"].items()}
    settings = importlib.import_module(f"{service.package}.settings").Settings

    loaded = settings.from_env(image_environment(dockerfile_of(part)) | given)

    assert loaded.host == "0.0.0.0"  # noqa: S104 - inside a container
    assert loaded.port == 8000
    assert loaded.s3_bucket == topology.BUCKET


def test_the_containers_use_the_queues_and_roles_of_the_topology() -> None:
    text = COMPOSE.read_text()
    provisioned = (ROOT / "deploy/docker/localstack/queue.sh").read_text()
    roles = (ROOT / "deploy/docker/postgres/10-roles.sh").read_text()

    for name in topology.QUEUES:
        assert f"http://queue:4566/{queue.ACCOUNT_ID}/{name}" in text
        assert name in provisioned
    for service in topology.SERVICES:
        assert f"postgresql://{service.role}:" in text
        assert service.role in roles
    assert f'"maxReceiveCount\\": \\"{topology.MAX_RECEIVE_COUNT}' in provisioned
    assert f'"VisibilityTimeout": "{topology.VISIBILITY_TIMEOUT_S}"' in provisioned
    assert f"retention_s={topology.RETENTION_S}" in provisioned
    assert (
        f"bucket={topology.BUCKET}"
        in (ROOT / "deploy/docker/localstack/objectstore.sh").read_text()
    )


def test_the_edge_understands_its_configuration() -> None:
    config = msgspec.json.decode(compose()["configs"]["cdn"]["content"], type=Config)

    assert config.bucket == topology.BUCKET
    assert config.cache_max_bytes >= config.object_max_bytes


def test_only_the_gateway_the_cdn_and_the_store_can_be_reached_from_outside() -> None:
    open_parts = {name for name, part in parts().items() if part.get("ports")}
    outside = {name for name, part in parts().items() if "outside" in part["networks"]}

    assert open_parts == outside == {gateway.NAME, cdn_part.NAME, objectstore.NAME}
    assert compose()["networks"]["inside"] == {"internal": True}
    for name in open_parts:
        assert all(port.startswith("127.0.0.1:") for port in parts()[name]["ports"])


def test_every_part_waits_for_what_it_needs() -> None:
    for service in topology.SERVICES:
        kinds = ("api", "worker") if service.has_api else ("worker",)
        for kind in kinds:
            needs = parts()[f"{service.key}-{kind}"]["depends_on"]
            done = needs[f"{service.key}-migrate"]["condition"]
            assert done == "service_completed_successfully"
            assert {objectstore.NAME, queue.NAME} <= needs.keys()


@pytest.mark.parametrize("name", sorted(yaml.safe_load(COMPOSE.read_text())["services"]))
def test_a_container_is_bounded_and_ends_in_its_time(name: str) -> None:
    part = parts()[name]

    limits = part["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= limits.keys()
    assert re.fullmatch(r"[1-9]\d*s", part["stop_grace_period"])


@pytest.mark.parametrize("name", sorted(yaml.safe_load(COMPOSE.read_text())["services"]))
def test_a_container_of_ours_can_change_nothing(name: str) -> None:
    part = parts()[name]
    if name not in ours():
        assert re.fullmatch(r"[a-z]+(/[a-z]+)?:\d+(\.\d+)+(-[a-z]+)?", part["image"])
        return

    assert part["read_only"] is True
    assert part["init"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in part


def test_the_grace_of_a_worker_exceeds_its_own_shutdown() -> None:
    grace_s = int(parts()["transcode-worker"]["stop_grace_period"].removesuffix("s"))
    settings = importlib.import_module("transcode_service.settings").Settings

    defaults = {field.name: field.default for field in msgspec.structs.fields(settings)}

    assert grace_s > defaults["shutdown_s"]


@pytest.mark.parametrize("package", DOCKERFILES)
class TestDockerfile:
    def test_it_builds_in_one_stage_and_runs_in_another(self, package: str) -> None:
        text = DOCKERFILES[package].read_text()

        stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", text, re.MULTILINE)

        assert len(stages) == 2
        assert {image for image, _ in stages} == {"python:3.11.14-slim-bookworm"}
        assert [name for _, name in stages] == ["build", ""]

    def test_it_runs_as_nobody_in_particular_and_is_watched(self, package: str) -> None:
        final = DOCKERFILES[package].read_text().rpartition("\nFROM ")[2]

        assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
        assert re.search(r"^HEALTHCHECK .*\\\n\s+CMD \[", final, re.MULTILINE)
        assert "--uid" in final

    def test_it_needs_no_shell(self, package: str) -> None:
        lines = DOCKERFILES[package].read_text().splitlines()
        commands = [line for line in lines if re.match(r"(RUN|CMD|ENTRYPOINT)\b", line)]

        assert commands
        assert [line for line in commands if not re.match(r"\w+ \[", line)] == []

    def test_it_installs_its_own_lock_by_hash(self, package: str) -> None:
        text = DOCKERFILES[package].read_text()
        folder = "deploy/local" if package == "reel-stack" else f"services/{package}"

        assert f"COPY {folder}/requirements.lock ./" in text
        assert '"--require-hashes", "--no-deps", "-r", "requirements.lock"' in text

    def test_it_holds_the_packages_it_needs_and_no_other(self, package: str) -> None:
        text = DOCKERFILES[package].read_text()

        copied = set(re.findall(r"^COPY (\S+)/src ", text, re.MULTILINE))
        installed = set(re.findall(r'^\s+"\./(\S+?)"', text, re.MULTILINE))

        assert copied == installed == closure_folders(package)


def test_what_images_are_built_from_is_sent_to_the_builder() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    copied = {
        source
        for dockerfile in DOCKERFILES.values()
        for source in re.findall(r"^COPY ((?!--)\S+)", dockerfile.read_text(), re.MULTILINE)
    }

    refused = [source for source in copied if not any(Path(source).match(rule) for rule in allowed)]

    assert rules[1] == "*"
    assert refused == []
    assert [source for source in copied if not (ROOT / source).exists()] == []
