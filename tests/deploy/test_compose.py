"""The compose file, read without Docker: nothing here can build or start an image."""

import re
from typing import Any

import pytest
import yaml

from tests.deploy.units import PROJECT, UNITS, lines
from tests.test_env_example import named

FOLDER = PROJECT / "deploy" / "compose"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker")
# Of the Compose specification what is used here: a key that it does not know is refused by Compose.
KEYS = {
    "image", "build", "command", "environment", "volumes", "restart", "read_only", "tmpfs", "cap_drop", "security_opt",
    "stop_grace_period", "healthcheck", "depends_on", "ports",
}  # fmt: skip
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


def test_only_keys_of_the_specification_are_used() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    assert {key for service in SERVICES.values() for key in service} <= KEYS


def test_whom_a_service_waits_for_is_there_and_can_be_waited_for_so() -> None:
    for service in SERVICES.values():
        wanted = service.get("depends_on", {})
        assert set(wanted) <= SERVICES.keys()
        for name, how in wanted.items() if isinstance(wanted, dict) else ():
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[name]


def test_named_volumes_are_declared_and_files_are_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (FOLDER / source).is_file()


@pytest.mark.parametrize("role", ["web", "worker", "migrate"])
def test_a_service_starts_what_its_unit_starts(role: str) -> None:
    (unit,) = lines(f"mailadmin-{role}.service", "ExecStart")
    assert " ".join(SERVICES[role]["command"][1:]) == unit.partition(" ")[2].replace("${CELERY_CONCURRENCY}", "4")


@pytest.mark.parametrize("role", OURS)
def test_a_service_of_ours_is_shut_tight(role: str) -> None:
    service = SERVICES[role]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("role", OURS)
def test_a_service_is_given_variables_that_the_panel_reads(role: str) -> None:
    environment = SERVICES[role]["environment"]
    assert environment.keys() <= named().keys()
    # YAML 1.1 takes a bare on for a truth, and the panel would be told "true".
    assert all(isinstance(value, str) for value in environment.values())


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]


def test_every_variable_has_its_line_in_the_example() -> None:
    example = set(re.findall(r"^([A-Z_]+)=", (FOLDER / "example.env").read_text(), re.M))
    assert set(VARIABLE.findall((FOLDER / "compose.yaml").read_text())) == example


def test_the_image_runs_as_somebody_without_rights_and_has_what_is_copied() -> None:
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.M)[-1] == "mailadmin"
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.M)
    assert copied
    assert all((PROJECT / name).exists() for name in copied)
    allowed = set(re.findall(r"^!(\S+)", (FOLDER / "Dockerfile.dockerignore").read_text(), re.M))
    assert allowed == set(copied)


def test_there_is_a_unit_for_each_role() -> None:
    assert {path.name for path in UNITS.glob("mailadmin-*.service")} == {f"mailadmin-{role}.service" for role in OURS}
