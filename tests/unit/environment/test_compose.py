"""docker-compose.yml and its Dockerfile agree with each other, with the checkout and with the settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from yibiao.settings import NO_TELEMETRY

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()


def env_example() -> dict[str, str]:
    lines = (ROOT / "docker" / "env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_process_that_the_dags_need_is_there() -> None:
    assert SERVICES.keys() == {"postgres", "init", "api-server", "scheduler", "dag-processor"}
    commands = {name: service.get("command") for name, service in SERVICES.items()}
    for name in ("api-server", "scheduler", "dag-processor"):
        assert commands[name][:2] == ["airflow", name]
    assert "airflow db migrate" in commands["init"][-1]
    assert "yibiao.orchestration.init" in commands["init"][-1]


def test_services_wait_for_services_that_exist() -> None:
    for name, service in SERVICES.items():
        assert service.get("depends_on", {}).keys() <= SERVICES.keys() - {name}
        for other, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]


def test_every_named_volume_is_declared_and_used() -> None:
    used = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    named = {name for name in used if not name.startswith((".", "/", "$"))}
    assert named == COMPOSE["volumes"].keys()
    for name in used - named:
        if name.startswith("."):
            assert (ROOT / name).exists()


def test_no_secret_has_a_default_and_each_is_explained() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert required == {"POSTGRES_PASSWORD", "AIRFLOW_FERNET_KEY", "AIRFLOW_JWT_SECRET", "AIRFLOW_SECRET_KEY"}
    assert {name for name, value in env_example().items() if not value} == required


def test_nothing_listens_beyond_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 1
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_telemetry_is_off_in_every_process_and_in_the_image() -> None:
    for name in ("init", "api-server", "scheduler", "dag-processor"):
        environment = SERVICES[name]["environment"]
        for variable, value in NO_TELEMETRY.items():
            assert str(environment[variable]).lower() == value, (name, variable)
    for variable, value in NO_TELEMETRY.items():
        assert re.search(rf"^\s*(ENV )?{variable}={value}\b", DOCKERFILE, re.MULTILINE | re.IGNORECASE), variable


def test_the_image_installs_from_hashes_and_does_not_run_as_root() -> None:
    installs = re.findall(r"pip install .*", DOCKERFILE)
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "requirements/run.txt" in installs[0]
    assert "--no-index" in installs[1]
    assert re.findall(r"^USER (\w+)", DOCKERFILE, re.MULTILINE)[-1] != "root"


def test_the_image_copies_only_what_the_build_context_lets_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    copied: set[str] = set()
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        copied |= set(line.split()[:-1])
    assert copied == let_through
    for name in copied:
        assert (ROOT / name).exists(), name


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker client")
def test_compose_itself_accepts_the_file() -> None:
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("the docker client has no compose plugin")
    secrets = {name: value or "x" for name, value in env_example().items()}
    subprocess.run(["docker", "compose", "config", "--quiet"], cwd=ROOT, env={**os.environ, **secrets}, check=True)
