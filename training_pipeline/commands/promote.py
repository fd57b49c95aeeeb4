"""`saldopas promote` and `saldopas rollback`: which version serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from saldopas.features.errors import DataError
from saldopas.training_pipeline.console import OUT, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saldopas.training_pipeline.tracking.champion import Promotion


def promote(
    version: Annotated[
        int | None, typer.Argument(min=1, help="A registered version; by default the newest.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Directory or database URL on which champion and challenger are compared: what "
            "the version was trained on, or the same going on.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML with a table [gate]; see docs/tracking.md.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although the gate refuses; say why.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Kept with the version.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Show every move of the champion; change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Let a version serve: `champion` moves to it, the champion so far becomes `previous`.

    Refused unless the gate lets it: the artifact proves itself, it is not worse than the champion
    on the same decisions and better or cheaper on something, no segment falls under its floor, the
    balance is used as much, and requests take no longer. Without --data, what `saldopas train`
    found against the same champion counts.
    """
    if history:
        _show_history(as_json=as_json)
        return
    from saldopas.training_pipeline.tracking.promotion import GateRefusedError
    from saldopas.training_pipeline.tracking.promotion import promote as move_champion
    from saldopas.training_pipeline.tracking.registry import newest_version

    if force and not (reason or "").strip():
        raise DataError(
            "--force needs a --reason", remedy="say why with --reason TEXT; the version keeps it"
        )
    wanted = newest_version() if version is None else version
    try:
        move = move_champion(wanted, reason=reason, force=force, gate=_gate(data, config))
    except GateRefusedError as refused:
        if not as_json:
            print_gate(refused.report.as_dict())
        raise
    if move.report is not None and not as_json:
        print_gate(move.report.as_dict())
    _show(move, as_json=as_json)


def rollback(
    reason: Annotated[str | None, typer.Option(help="Kept with the version.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Let the champion before this one serve again; a second rollback undoes the first."""
    from saldopas.training_pipeline.tracking.promotion import rollback as swap

    _show(swap(reason=reason), as_json=as_json)


def print_gate(report: Mapping[str, Any]) -> None:
    """The verdicts of a gate as a table for people."""

    champion = report["champion"]
    against = f"champion {champion}" if champion else "no champion"
    rows = [(one["rule"], one["outcome"], one["sentence"]) for one in report["verdicts"]]
    title = f"Gate: version {report['version']} against {against}\n{report['compared']}"
    print_table(title, ("rule", "verdict", "why"), rows)


def _gate(data: str | None, config: Path | None) -> Any:
    from saldopas.training_pipeline.gate.judge import GateInput
    from saldopas.training_pipeline.gate.verdict import read_gate_config
    from saldopas.training_pipeline.ingest.erased_people import open_dataset

    settings = read_gate_config(config)
    return GateInput(None if data is None else open_dataset(data), config=settings)


def _show(move: Promotion, *, as_json: bool) -> None:
    if as_json:
        report = move.report.as_dict() if move.report else None
        print_json({**move.line(), "changed": move.changed, "gate": report})
    elif not move.changed:
        OUT.print(f"version {move.to_version} is the champion already")
    else:
        before = f" (before: version {move.from_version})" if move.from_version else ""
        forced = f"; forced over {', '.join(move.overridden)}" if move.overridden else ""
        OUT.print(f"champion is now version {move.to_version}{before}{forced}")


def _show_history(*, as_json: bool) -> None:
    from saldopas.training_pipeline.tracking.champion import history

    moves = history()
    if as_json:
        print_json({"moves": [move.line() for move in moves]})
        return
    rows = [
        (
            move.at[:19].replace("T", " "),
            move.who,
            move.action + (" (forced)" if move.forced else ""),
            move.from_version,
            str(move.to_version),
            ", ".join(move.overridden) or None,
            move.reason,
        )
        for move in moves
    ]
    columns = ("when (UTC)", "who", "what", "from", "to", "overridden rules", "why")
    print_table("Moves of the champion", columns, rows)
