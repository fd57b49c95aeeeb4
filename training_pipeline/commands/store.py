"""`saldopas store` and `saldopas erase`: the service's store, and participants that leave it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from saldopas.features.errors import DataError
from saldopas.training_pipeline.commands.options import Data, Json, Store
from saldopas.training_pipeline.console import print_json, print_table, progress, say

app = typer.Typer(help="The store of the service: SQLite, or PostgreSQL.", no_args_is_help=True)


@app.command("upgrade")
def upgrade(store: Store = None) -> None:
    """Bring the schema up to this release; `saldopas serve` does so too."""
    from saldopas.store.engine import open_store, store_errors, upgrade_store
    from saldopas.training_pipeline.ingest.erased_people import store_in_use

    url = store or store_in_use()
    with store_errors(url):
        say(f"the store has schema {upgrade_store(open_store(url))}")


@app.command("load")
def load(
    source: Data,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Fill the store from a dataset; whom the store knows is left as the store has them."""
    from dataclasses import asdict

    from saldopas.features.tables.dataset import read_dataset
    from saldopas.store.engine import open_store, store_errors, upgrade_store
    from saldopas.store.load import load_store
    from saldopas.training_pipeline.ingest.erased_people import store_in_use

    url = store or store_in_use()
    dataset = read_dataset(source)
    with store_errors(url), progress("people", total=len(dataset.participants)) as advance:
        engine = open_store(url)
        upgrade_store(engine)
        loaded = load_store(engine, dataset, advance=advance)
    if as_json:
        print_json(asdict(loaded))
        return
    say(
        f"loaded {loaded.people:,} people, {loaded.purchases:,} purchases, {loaded.courses} courses"
    )
    if loaded.known_already or loaded.erased:
        say(f"left out: {loaded.known_already:,} known already, {loaded.erased:,} erased")


@app.command("status")
def status(store: Store = None, as_json: Json = False) -> None:
    """How many rows there are of each kind, and who waits to be erased from artifacts."""
    import sqlalchemy as sa
    from saldopas.store.engine import for_reading, open_store, revision_of, store_errors
    from saldopas.store.schema import ERASED, METADATA, SERVED
    from saldopas.training_pipeline.ingest.erased_people import store_in_use

    url = store or store_in_use()
    with store_errors(url), for_reading(open_store(url)).connect() as connection:
        found: dict[str, int | str | None] = {"schema": revision_of(connection)}
        if found["schema"] is not None:
            for table in METADATA.sorted_tables:
                count = sa.select(sa.func.count()).select_from(table)
                found[table.name] = connection.execute(count).scalar_one()
            lists = sa.select(sa.func.coalesce(sa.func.sum(SERVED.c.n_lists), 0))
            found["served_lists"] = int(connection.execute(lists).scalar_one())
            waiting = sa.select(sa.func.count()).where(ERASED.c.pending)
            found["erased_pending"] = connection.execute(waiting).scalar_one()
    if as_json:
        print_json(found)
    else:
        print_table("Store", ("what", "rows"), [(k, str(v)) for k, v in found.items()])


@app.command("export-served")
def export(
    out: Annotated[Path, typer.Option(help="Parquet to write.")],
    window_days: Annotated[
        int, typer.Option(min=1, help="A purchase counts for a list this long.")
    ] = 14,
    store: Store = None,
) -> None:
    """Write the served lists as the log that off-policy estimation reads (docs/off-policy.md)."""
    from datetime import UTC, datetime

    from saldopas.store.engine import open_store, store_errors
    from saldopas.store.served.tables import export_served
    from saldopas.training_pipeline.evaluating.off_policy.served_lists import write_served
    from saldopas.training_pipeline.ingest.erased_people import store_in_use

    url = store or store_in_use()
    with store_errors(url):
        found = export_served(open_store(url), window_days=window_days, now=datetime.now(UTC))
    write_served(out, found.rows, course_ids=found.course_ids)
    closed = sum(row.bought is not None for row in found.rows)
    say(f"wrote {len(found.rows):,} lists to {out}, {closed:,} with a closed window")


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

    from saldopas.models.artifact.erase import artifacts_below, erase_from_artifact
    from saldopas.store.engine import open_store, store_errors, upgrade_store
    from saldopas.store.erase import (
        clear_pending,
        erase_people,
        forget_pending_lists,
        pending_hashes,
        purge_files,
    )
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
