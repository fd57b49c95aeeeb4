"""`saldopas store`: make, fill and look at the store of the service, and export what it served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from saldopas.training_pipeline.commands.options import Data, Json, Store

app = typer.Typer(help="The store of the service: SQLite, or PostgreSQL.", no_args_is_help=True)


@app.command("upgrade")
def upgrade(store: Store = None) -> None:
    """Bring the schema up to this release; `saldopas serve` does so too."""
    from saldopas.store.engine import open_store, store_errors
    from saldopas.store.upgrade import upgrade_store
    from saldopas.training_pipeline.console import say
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
    from saldopas.store.engine import open_store, store_errors
    from saldopas.store.load import load_store
    from saldopas.store.upgrade import upgrade_store
    from saldopas.training_pipeline.console import print_json, progress, say
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
    from saldopas.store.engine import for_reading, open_store, store_errors
    from saldopas.store.schema import ERASED, METADATA, SERVED
    from saldopas.store.upgrade import revision_of
    from saldopas.training_pipeline.console import print_json, print_table
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
    from saldopas.training_pipeline.console import say
    from saldopas.training_pipeline.evaluating.off_policy.served_lists import write_served
    from saldopas.training_pipeline.ingest.erased_people import store_in_use

    url = store or store_in_use()
    with store_errors(url):
        found = export_served(open_store(url), window_days=window_days, now=datetime.now(UTC))
    write_served(out, found.rows, course_ids=found.course_ids)
    closed = sum(row.bought is not None for row in found.rows)
    say(f"wrote {len(found.rows):,} lists to {out}, {closed:,} with a closed window")
