"""Settings, commands, keys and files the stack makes, without starting anything."""

import dataclasses
import os
import socket
import stat
from pathlib import Path
from uuid import UUID

import jwt
import msgspec
import pytest
from click.testing import CliRunner

from reel_stack import keys, lock, services, stackfile, tokens
from reel_stack.bring_up import plan
from reel_stack.cli import main
from reel_stack.errors import AlreadyRunning, StackError
from reel_stack.follow import LogReader, follow
from reel_stack.layout import Layout
from reel_stack.options import Options
from reel_stack.ports import LOOPBACK, Ports
from reel_stack.queue import policy
from reel_stack.services import Wiring
from reel_stack.supervisor import RESTART_MAX_S, restart_delay_s
from reel_stack.topology import SERVICES, TRANSCODE, UPLOAD, VIDEO, Service
from transcode_service.settings import Settings as TranscodeSettings
from upload_service.settings import Settings as UploadSettings
from video_service.settings import Settings as VideoSettings

OWNER = UUID("0190a000-0000-7000-8000-000000000001")


@pytest.fixture(scope="module")
def secrets() -> keys.Secrets:
    return keys.generate("reel")


@pytest.fixture
def wiring(secrets: keys.Secrets, tmp_path: Path) -> Wiring:
    names = [service.name for service in SERVICES]
    return Wiring(
        postgres_admin_url="postgresql://postgres:pw@127.0.0.1:5432/postgres",
        s3_url="http://127.0.0.1:1",
        sqs_url="http://127.0.0.1:2",
        cdn_url="http://127.0.0.1:3",
        services={name: f"http://127.0.0.1/{name}" for name in names},
        ports=dict.fromkeys(names, 4),
        worker_ports=dict.fromkeys(names, 5),
        secrets=msgspec.structs.replace(secrets, sqs_keys=secrets.s3_keys),
        work=tmp_path,
    )


def test_every_service_accepts_exactly_the_settings_it_is_given(wiring: Wiring) -> None:
    video = VideoSettings.from_env(services.settings(VIDEO, wiring))
    upload = UploadSettings.from_env(services.settings(UPLOAD, wiring))
    transcode = TranscodeSettings.from_env(services.settings(TRANSCODE, wiring))

    assert video.database_url.startswith("postgresql://video_service:")
    assert upload.video_service_url == transcode.video_service_url
    assert video.upload_webhook_secrets == (upload.webhook_secret,)
    assert video.transcode_webhook_secrets == (transcode.webhook_secret,)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_no_other_services_password(service: Service, wiring: Wiring) -> None:
    values = " ".join(services.settings(service, wiring).values())

    others = [other.name for other in SERVICES if other is not service]
    for name in [*others, keys.ADMIN]:
        assert wiring.secrets.postgres_passwords[name] not in values
        assert wiring.secrets.s3_keys[name].secret_access_key not in values


def test_every_process_of_ours_tells_when_it_is_ready(wiring: Wiring) -> None:
    parts = services.all_parts(wiring)

    names = [part.name for part in parts]
    assert all(part.ready for part in parts)

    assert names == ["video-api", "video-worker", "upload-api", "upload-worker", "transcode-worker"]


def test_a_policy_names_the_services_queues_alone() -> None:
    document = str(policy(UPLOAD))

    assert "reel-upload-events'" in document
    assert "reel-upload-events-dlq" in document
    assert "reel-transcode" not in document


def test_a_token_is_an_es256_jwt_for_the_owner(secrets: keys.Secrets) -> None:
    token = tokens.mint(secrets.jwt_private_key, OWNER, ttl_s=60)

    claims = jwt.decode(
        token, secrets.jwt_public_key, algorithms=["ES256"], audience="reel-api", issuer="reel"
    )
    assert claims["sub"] == str(OWNER)
    assert claims["exp"] - claims["iat"] == 60


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    first, second = keys.load_or_generate(path, "reel"), keys.load_or_generate(path, "reel")

    assert first == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_restart_waits_longer_each_time_up_to_a_bound() -> None:
    first = [restart_delay_s(1) for _ in range(50)]
    fourth = [restart_delay_s(4) for _ in range(50)]

    assert all(0.25 <= delay <= 0.5 for delay in first)
    assert all(2.0 <= delay <= 4.0 for delay in fourth)
    assert restart_delay_s(40) <= RESTART_MAX_S
    assert len(set(fourth)) > 1


def test_a_port_in_use_is_refused_and_a_chosen_one_is_given_once() -> None:
    ports = Ports()
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()

        with pytest.raises(StackError, match="in use"):
            ports.choose(taken.getsockname()[1])

    port = ports.choose()
    with pytest.raises(StackError, match="in use"):
        ports.choose(port)


def test_the_lock_is_held_until_its_last_holder_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "stack.lock"

    with lock.exclusive(path) as descriptor:
        inherited = os.dup(descriptor)
    assert lock.is_held(path)
    os.close(inherited)

    assert not lock.is_held(path)
    assert lock.wait_released(path, timeout_s=0)


def test_a_killed_runners_id_in_the_lock_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "stack.lock"
    path.write_text(str(2**22 + 1))

    assert lock.holder(path) is None
    with lock.exclusive(path):
        assert path.read_text() == str(os.getpid())


def test_options_survive_their_way_to_a_detached_runner(tmp_path: Path) -> None:
    ports = {"gateway": 1001, "cdn": 1002}
    options = Options(
        layout=Layout(tmp_path, tmp_path),
        parts="infra",
        tls=True,
        ports=ports,
        through={"s3": 1003},
        settings={"VIDEO_SWEEP_INTERVAL_S": "5"},
        restart_servers=True,
    )

    arguments = options.arguments()

    assert arguments == [
        f"--var={tmp_path}",
        f"--servers={tmp_path}",
        "--parts=infra",
        "--gateway-port=1001",
        "--cdn-port=1002",
        *("--through", "s3", "1003"),
        *("--set", "VIDEO_SWEEP_INTERVAL_S", "5"),
        "--tls",
        "--restart-servers",
    ]


def test_a_setting_that_no_service_reads_is_refused(tmp_path: Path) -> None:
    arguments = ["up", f"--var={tmp_path / 'var'}", "--set", "VIDE_SWEEP_INTERVAL_S", "5"]

    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 1
    assert "no service reads VIDE_SWEEP_INTERVAL_S" in result.output


def test_given_settings_reach_their_service_alone(wiring: Wiring) -> None:
    given = {"VIDEO_SWEEP_INTERVAL_S": "5", "UPLOAD_POLL_S": "7"}
    changed = dataclasses.replace(wiring, settings=given)

    video = VideoSettings.from_env(services.settings(VIDEO, changed))
    upload = UploadSettings.from_env(services.settings(UPLOAD, changed))

    assert (video.sweep_interval_s, upload.poll_s) == (5, 7)
    assert "UPLOAD_POLL_S" not in services.settings(VIDEO, changed)


def test_what_goes_through_a_proxy_is_found_there_by_services_alone(tmp_path: Path) -> None:
    through = {"s3": 1003, "sqs": 1004, "postgres": 1005}
    run = plan(Options(layout=Layout(tmp_path, tmp_path), through=through))

    upload = UploadSettings.from_env(services.settings(UPLOAD, run.wiring(run.secrets.s3_keys)))

    assert upload.database_url.endswith("@127.0.0.1:1005/reel")
    assert upload.s3_endpoint_url == upload.s3_public_endpoint_url == "http://127.0.0.1:1003"
    assert (upload.sqs_endpoint_url or "").endswith(":1004")
    assert f":{run.postgres_port}/" in run.postgres_admin_url
    assert run.stack().s3_url.endswith(f":{run.s3_port}")


def test_stack_json_has_the_promised_shape(tmp_path: Path) -> None:
    stack = stackfile.Stack(
        gateway_url="http://g",
        cdn_url="http://c",
        s3_url="http://s",
        sqs_url="http://q",
        postgres_url="postgresql://p",
        services={"video-service": "http://v"},
        pids={"runner": 1},
    )

    stackfile.write(tmp_path / "stack.json", stack)

    raw = msgspec.json.decode((tmp_path / "stack.json").read_bytes())
    assert list(raw) == [
        "gatewayUrl",
        "cdnUrl",
        "s3Url",
        "sqsUrl",
        "postgresUrl",
        "services",
        "pids",
    ]
    assert stackfile.read(tmp_path / "stack.json") == stack
    assert stackfile.read(tmp_path / "none.json") is None


def test_a_log_is_read_by_whole_lines_and_from_the_start_when_replaced(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    reader = LogReader(log)
    seen = [reader.lines()]

    for text in ("one\ntw", "one\ntwo\n", "new\n"):
        log.write_text(text)
        seen.append(reader.lines())

    assert seen == [[], ["one"], ["two"], ["new"]]


def test_logs_end_with_the_last_lines_of_each_part(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("".join(f"{n}\n" for n in range(60)))
    emitted: list[tuple[str, str]] = []

    follow(
        {"a": tmp_path / "a.log"}, lambda name, line: emitted.append((name, line)), keep_on=False
    )

    assert len(emitted) == 50
    assert emitted[-1] == ("a", "59")


def test_the_commands_say_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    runner = CliRunner()
    var = f"--var={tmp_path / 'var'}"

    token = runner.invoke(main, ["token", var, f"--sub={OWNER}"])
    status = runner.invoke(main, ["status", var])
    up = runner.invoke(main, ["up", var, f"--servers={tmp_path}"])
    down = runner.invoke(main, ["down", var])

    assert (token.exit_code, status.exit_code, up.exit_code, down.exit_code) == (1, 1, 1, 0)
    assert "no keys in" in token.output
    assert "no stack runs on" in status.output
    assert "install them with: make setup" in up.output


def test_a_stack_that_runs_already_names_its_runner(tmp_path: Path) -> None:
    assert f"(pid {7})" in str(AlreadyRunning(tmp_path, 7))
