"""`saldopas promote` and `saldopas rollback`: which version serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training_pipeline.tracking.registry import Promotion


def promote(
    version: Annotated[
        int | None, typer.Argument(min=1, help="A registered version; by default the newest.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although it does not beat popularity; say why.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Kept with the version.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Let a version serve: `champion` moves to it, the champion so far becomes `previous`.

    Refused unless the version beats popularity on the validation cut and its artifact proves
    itself.
    """
    from training_pipeline.tracking.registry import newest_version
    from training_pipeline.tracking.registry import promote as move_champion

    wanted = newest_version() if version is None else version
    _show(move_champion(wanted, reason=reason, force=force), as_json=as_json)


def rollback(
    reason: Annotated[str | None, typer.Option(help="Kept with the version.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Let the champion before this one serve again; a second rollback undoes the first."""
    from training_pipeline.tracking.registry import rollback as swap

    _show(swap(reason=reason), as_json=as_json)


def _show(move: Promotion, *, as_json: bool) -> None:
    from dataclasses import asdict

    from training_pipeline.console import OUT, print_json

    if as_json:
        print_json({**asdict(move), "changed": move.changed})
    elif not move.changed:
        OUT.print(f"version {move.to_version} is the champion already")
    else:
        before = f" (before: version {move.from_version})" if move.from_version else ""
        OUT.print(f"champion is now version {move.to_version}{before}")
