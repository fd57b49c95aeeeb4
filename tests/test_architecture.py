"""Imports go one way: features <- {models, store} <- {training_pipeline, serving}."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("features", "store", "models", "training_pipeline", "serving")
MAY_IMPORT = {
    "features": {"features"},
    "store": {"features", "store"},
    "models": {"features", "models"},
    "training_pipeline": {"features", "store", "models", "training_pipeline"},
    "serving": {"features", "store", "models", "serving"},
}
# who alone may import a library
ONLY_IN = {
    "mlflow": ("training_pipeline/tracking/",),
    "bentoml": ("serving/",),
    "implicit": (
        "models/recommenders/als.py",
        "models/recommenders/bpr.py",
        "models/recommenders/item_neighbours.py",
        "models/recommenders/lmf.py",
    ),
    "pickle": (),
    "joblib": (),
    "cloudpickle": (),
}
# a step of the pipeline imports only steps before it
STEPS = (
    "console",
    "ingest",
    "evaluating",
    "gate",
    "training",
    "tuning",
    "drift",
    "scoring",
    "tracking",
    "commands",
)
FILES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            if node.module == "saldopas.training_pipeline":  # `from ... import console`
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{file}: relative import; write the full name")
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_downwards_only(package: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in FILES
        if file.relative_to(ROOT).parts[0] == package
        for name in imports(file)
        if name.startswith("saldopas.") and name.split(".")[1] not in MAY_IMPORT[package]
    ]
    assert not wrong, "\n".join(wrong)


def step_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[2] if parts[:2] == ["saldopas", "training_pipeline"] and parts[2:] else None


def test_every_entry_of_the_pipeline_is_a_step() -> None:
    entries = {
        path.stem
        for path in (ROOT / "training_pipeline").iterdir()
        if not path.name.startswith("_")
    }
    assert entries == set(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_pipeline_imports_only_steps_before_it(step: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in FILES
        if file.relative_to(ROOT).with_suffix("").parts[:2] == ("training_pipeline", step)
        for name in imports(file)
        if (other := step_of(name)) and STEPS.index(other) > STEPS.index(step)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    wrong = [
        f"{path} imports {library}"
        for file in FILES
        if library in {name.split(".")[0] for name in imports(file)}
        and not (path := file.relative_to(ROOT).as_posix()).startswith(ONLY_IN[library] or ("-",))
    ]
    assert not wrong, "\n".join(wrong)


def test_files_stay_short_enough_to_answer_one_question() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in FILES
        if (lines := len(file.read_text("utf-8").splitlines())) > 320
    }
    assert not long, f"split these: {long}"


def loaded_by(module: str, among: Iterable[str]) -> list[str]:
    code = f"import sys, {module}; print(*(m for m in {tuple(among)!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_the_command_line_loads_no_heavy_library() -> None:
    heavy = ("mlflow", "bentoml", "implicit", "pandas", "matplotlib", "pandera")
    assert loaded_by("saldopas", heavy) == []


def test_a_service_loads_nothing_that_only_training_needs() -> None:
    libraries = ("mlflow", "implicit", "pandera", "alembic", "matplotlib", "optuna", "sklearn")
    ours = (
        "saldopas.features.tables.contract",
        "saldopas.features.encoding.indexed",
        "saldopas.features.splits.split",
        "saldopas.training_pipeline",
    )
    assert loaded_by("saldopas.serving.http.process", libraries + ours) == []


def test_what_starts_the_workers_loads_nothing_that_only_they_need() -> None:
    libraries = ("numba", "pandas", "pyarrow", "scipy", "sqlalchemy")
    assert (
        loaded_by("saldopas.serving.service", (*libraries, "saldopas.features", "saldopas.models"))
        == []
    )
