"""Which code made a model: the release, and the commit where there is one."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path


def code_version() -> str:
    """`0.1.0+g1a2b3c4`, with `.dirty` where the checkout was changed; `0.1.0` outside git."""
    release = version("saldopas")
    described = _git("describe", "--always", "--dirty", "--abbrev=7", "--exclude=*")
    return f"{release}+g{described.replace('-dirty', '.dirty')}" if described else release


def _git(*arguments: str) -> str | None:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607 - the machine's git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
