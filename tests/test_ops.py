"""What operators deploy names only what exists: metrics, settings, files, alerts."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import saldopas.serving.http.metrics  # noqa: F401 - registers what is exposed
import yaml
from prometheus_client import REGISTRY, generate_latest
from saldopas.serving.http.settings import Settings

ROOT = Path(__file__).parents[1]
ALERTS = yaml.safe_load((ROOT / "ops/alerts.yaml").read_text("utf-8"))
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["scikit-build"]["wheel"]
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")
NAME = re.compile(r"\bsaldopas_[a-z_]+")


def test_dashboard_and_alerts_name_metrics_that_are_exposed() -> None:
    text = generate_latest(REGISTRY).decode()
    families = re.findall(r"^# TYPE (\S+) (\S+)", text, re.MULTILINE)
    exposed = {name for name, _ in families}
    exposed |= {f"{name}_bucket" for name, kind in families if kind == "histogram"}
    dashboard = json.loads((ROOT / "ops/grafana-dashboard.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]
    named = {name for expression in asked for name in NAME.findall(expression)}
    assert named <= exposed
    assert {name.removesuffix("_created") for name in exposed} & named


def test_every_alert_is_explained() -> None:
    alerts = {rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]}
    explained = set(re.findall(r"^\| `(SaldoPas\w+)`", OPERATIONS, re.MULTILINE))
    assert alerts == explained


def test_settings_that_are_named_exist() -> None:
    known = {f"SALDOPAS_{name}".upper() for name in Settings.model_fields}
    named = set(re.findall(r"\bSALDOPAS_[A-Z_]+", COMPOSE + OPERATIONS))
    assert named <= known
    assert named


def test_no_secret_stands_in_the_compose_file() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    passwords = [line for line in COMPOSE.splitlines() if "PASSWORD" in line]
    assert passwords
    assert all("${POSTGRES_PASSWORD:?" in line for line in passwords)
    assert services["saldopas"]["secrets"] == ["keys"]
    assert all(port.startswith("127.0.0.1:") for port in services["saldopas"]["ports"])


def test_service_and_trainer_know_the_same_store() -> None:
    """Who was erased stands there: a trainer that does not see it would learn of them again."""
    services = yaml.safe_load(COMPOSE)["services"]
    ours = [one for one in services.values() if "build" in one and "entrypoint" not in one]
    assert len(ours) == 2
    assert len({one.get("environment", {}).get("SALDOPAS_STORE") for one in ours}) == 1


def test_services_run_images_that_the_dockerfile_makes() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    wanted = {name: one["build"]["target"] for name, one in services.items() if "build" in one}
    assert wanted == {"saldopas": "serve", "trainer": "train", "mlflow": "train"}
    assert set(wanted.values()) <= set(re.findall(r"^FROM .+ AS (\w+)$", DOCKERFILE, re.MULTILINE))


def test_the_images_copy_what_exists_and_is_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)
    assert {Path(folder).parts[0] for folder in WHEEL["packages"].values()} <= copied


def test_the_serving_image_carries_only_what_serves() -> None:
    serve, train, dev = (locked(name) for name in ("serve", "train", "dev"))
    assert not serve & {"mlflow", "optuna", "matplotlib", "implicit", "pandas", "pandera"}
    assert {"bentoml", "sqlalchemy", "psycopg"} <= serve
    assert {"mlflow", "optuna", "matplotlib", "implicit", "sqlalchemy", "psycopg"} <= train
    assert serve | train <= dev
    assert locked("build") <= dev


@pytest.mark.parametrize("name", ["build", "dev", "serve", "train"])
def test_locked_requirements_name_no_place(name: str) -> None:
    """Neither a registry nor a directory of the machine that locked them."""
    text = (ROOT / f"requirements/{name}.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("    --hash=sha256:")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; [^/]+)? \\", line) for line in lines)


def locked(name: str) -> set[str]:
    """Libraries of a requirements file."""
    text = (ROOT / f"requirements/{name}.txt").read_text("utf-8")
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
