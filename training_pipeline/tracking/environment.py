"""What a training ran on, without the name of a machine, a path or a user."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import distributions, version
from pathlib import Path

PINNED = ("saldopas", "numpy", "scipy", "implicit", "pandas", "pyarrow", "pydantic")


def model_requirements() -> list[str]:
    """What the registered model needs, pinned to the installed minor versions."""
    return [f"{name}~={_minor(version(name))}.0" for name in PINNED]


def write_environment(directory: Path) -> None:
    """`requirements.txt` of everything installed, and `platform.json`."""
    directory.mkdir(parents=True)
    installed = {f"{found.name}=={found.version}" for found in distributions()}
    lines = sorted(installed, key=str.lower)
    (directory / "requirements.txt").write_text("\n".join(lines) + "\n", "utf-8")
    facts = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "libc": " ".join(platform.libc_ver()),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }
    (directory / "platform.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def _minor(full: str) -> str:
    return ".".join(full.split(".")[:2])
