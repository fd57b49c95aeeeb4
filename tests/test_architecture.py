"""Imports go one way: features <- {models, store} <- {training_pipeline, serving}."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
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
    "bentoml": ("serving/service.py",),
    "implicit": ("models/recommenders/",),
    "numba": (),
    "llvmlite": (),
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
MAX_PARAMETERS = 8
MAX_ENTRIES = 10  # directly in a root folder
# private by their name, public by the documentation of Python and SQLAlchemy
DOCUMENTED = {"_replace", "_asdict", "_fields", "_make", "_mapping"}
FILES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(parsed(file)):
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


@pytest.mark.parametrize("package", PACKAGES)
def test_a_function_has_few_parameters(package: str) -> None:
    """Except the commands of Typer, whose parameters are the command line's options."""
    wrong = [
        f"{file.relative_to(ROOT)}: {node.name} has {count} parameters"
        for file in files_of(package)
        if file.parent != ROOT / "training_pipeline/commands"
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (count := parameters(node.args)) > MAX_PARAMETERS
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_private_name_of_a_library_is_used(package: str) -> None:
    """A private attribute must be one that a file of ours defines."""
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in files_of(package)
        for line, name in private_names(parsed(file))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_library_is_patched(package: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for file in files_of(package)
        for modules in [imported_modules(parsed(file))]
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store | ast.Del)
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ["features", "models", "training_pipeline", "serving"])
def test_a_root_folder_has_few_entries(package: str) -> None:
    entries = {
        path.name for path in (ROOT / package).iterdir() if not path.name.startswith(("_", "."))
    }
    assert len(entries) <= MAX_ENTRIES, sorted(entries)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def files_of(package: str) -> list[Path]:
    return [file for file in FILES if file.relative_to(ROOT).parts[0] == package]


def parameters(arguments: ast.arguments) -> int:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(one.arg not in ("self", "cls") for one in named)


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def private_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Private names that are imported from a library, or read from an object of one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [*node.module.split("."), *(alias.name for alias in node.names)]
            if names[0] not in ("saldopas", "__future__"):
                yield from ((node.lineno, name) for name in names if private(name))
        elif isinstance(node, ast.Import):
            names = [name for alias in node.names for name in alias.name.split(".")]
            yield from ((node.lineno, name) for name in names if private(name))
        elif isinstance(node, ast.Attribute) and private(node.attr) and node.attr not in defined():
            yield node.lineno, ast.unparse(node)


@cache
def defined() -> frozenset[str]:
    """Names of functions, classes, fields and attributes that files of ours define."""
    found = set()
    for node in (node for file in FILES for node in ast.walk(parsed(file))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        ):
            found.add(node.attr)
    return frozenset(found)


def imported_modules(tree: ast.Module) -> set[str]:
    """Names that imports of libraries bind."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("saldopas"):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def loaded_by(module: str, among: Iterable[str]) -> list[str]:
    code = f"import sys, {module}; print(*(m for m in {tuple(among)!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_the_command_line_loads_no_heavy_library() -> None:
    heavy = ("mlflow", "bentoml", "implicit", "pandas", "matplotlib", "pandera")
    assert loaded_by("saldopas.training_pipeline.commands.main", heavy) == []


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
