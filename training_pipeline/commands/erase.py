"""`saldopas erase`: somebody leaves the store, the registered artifacts and data directories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from saldopas.training_pipeline.commands.options import Json, Store


def erase(
    participant_id: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Everybody who was erased over HTTP.")
    ] = False,
    store: Store = None,
    data: Annotated[
        list[Path] | None, typer.Option(help="Rewrite this dataset directory too; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Forget a participant, or with --pending everybody whom the service was told to forget.

    Store rows go (a keyed hash stays, so that nothing brings them back), snapshots in registered
    artifacts and tables in --data are rewritten. Models forget at the next training.
    """
    from datetime import UTC, datetime

    from saldopas.features.errors import DataError
    from saldopas.models.artifact.erase import artifacts_below, erase_from_artifact
    from saldopas.store.engine import open_store, store_errors
    from saldopas.store.erase import (
        clear_pending,
        erase_people,
        forget_pending_lists,
        pending_hashes,
        purge_files,
    )
    from saldopas.store.upgrade import upgrade_store
    from saldopas.training_pipeline.console import print_json, progress, say
    from saldopas.training_pipeline.ingest.erased_people import (
        Erased,
        erase_from_directory,
        store_in_use,
    )
    from saldopas.training_pipeline.tracking.champion_pointer import POINTER
    from saldopas.training_pipeline.tracking.store import home

    if (participant_id is None) == (not pending):
        raise DataError("whom to erase is not said", remedy="give an ID, or --pending")
    missing = next((path for path in data or () if not path.is_dir()), None)
    if missing is not None:
        raise DataError(f"{missing} is no directory", remedy="give a dataset's directory")
    url = store or store_in_use()
    with store_errors(url):
        engine = open_store(url)
        upgrade_store(engine)
        rows = 0
        if participant_id is not None:
            now = datetime.now(UTC)
            rows = erase_people(engine, [participant_id], now=now, pending=True)
        rows += forget_pending_lists(engine)
        salt, hashes = pending_hashes(engine)
    erased = Erased(salt, hashes)
    artifacts = artifacts_below(home())
    rewritten = 0
    with progress("artifacts", total=len(artifacts)) as advance:
        for path in artifacts:
            rewritten += erase_from_artifact(path, erased.among) > 0
            advance()
    data_rows = sum(erase_from_directory(path, erased) for path in data or ())
    pointer = home() / POINTER
    if rewritten and pointer.exists():
        pointer.touch()  # a running service loads what it names again
    with store_errors(url):
        purge_files(engine, whole=True)
        clear_pending(engine, sorted(hashes))
        engine.dispose()
    outcome = {
        "people": len(hashes),
        "store_rows": rows,
        "artifacts_rewritten": rewritten,
        "data_rows": data_rows,
    }
    if as_json:
        print_json(outcome)
        return
    say(f"erased: {len(hashes)} people; {rows} rows of the store, {data_rows} rows of data")
    say(f"artifacts rewritten: {rewritten} of {len(artifacts)}; models forget at the next training")
