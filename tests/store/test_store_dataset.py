"""The store is a dataset: what was loaded is what is read for training."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.tables.dataset import read_dataset
from saldopas.store.engine import HEAD, read_salt, upgrade_store
from saldopas.store.load import load_store
from saldopas.store.schema import METADATA, PARTICIPANTS
from sqlalchemy.engine import Engine

from tests.store.store_world import StoreWorld


def test_migrations_make_the_declared_schema_once(store: Engine) -> None:
    with store.connect() as connection:
        salt = read_salt(connection)
        context = MigrationContext.configure(connection, opts={"version_table": "store_version"})
        assert compare_metadata(context, METADATA) == []
    assert upgrade_store(store) == HEAD
    with store.connect() as connection:
        assert read_salt(connection) == salt
        assert len(salt) == 32


def test_a_loaded_dataset_is_read_back_as_it_was(
    store: Engine, url: str, world: StoreWorld
) -> None:
    done: list[int] = []
    loaded = load_store(store, world.dataset, advance=done.append)
    assert (loaded.people, loaded.purchases) == (len(world.ids), len(world.dataset.purchases))
    assert sum(done) == loaded.people
    again = read_dataset(url)
    assert again.config == world.dataset.config
    given, found = index_dataset(world.dataset), index_dataset(again)
    assert list(again.courses["course_id"]) == list(world.dataset.courses["course_id"])
    assert (given.courses.price_rp == found.courses.price_rp).all()
    assert (given.courses.on_sale_from_s == found.courses.on_sale_from_s).all()
    for name in ("grant_rp", "age_at_least", "education_at_least", "opted_out", "paid_rp", "kept"):
        assert (getattr(given, name) == getattr(found, name)).all(), name
    assert (given.events.item_idx == found.events.item_idx).all()
    assert (given.events.at_s == found.events.at_s).all()
    cutoff_s = int(given.events.at_s.max()) + 1
    seen = given.seen_before(cutoff_s)
    sets = [one.training_set(seen, as_of_s=cutoff_s) for one in (given, found)]
    assert sets[0].vocabulary == sets[1].vocabulary
    assert (sets[0].participants.tokens.indices == sets[1].participants.tokens.indices).all()


def test_purchases_of_one_time_are_read_back_in_their_order(
    store: Engine, url: str, world: StoreWorld
) -> None:
    """All at one time, each participant's turned round: the order is not that of ids or courses."""
    dataset, at = world.dataset, world.dataset.purchases["purchased_at"].max()
    purchases = dataset.purchases.iloc[::-1].reset_index(drop=True).assign(purchased_at=at)
    purchases = purchases.drop_duplicates(["participant_id", "course_id"], ignore_index=True)
    config = dataset.config.model_copy(update={"dates_are_order_only": True})
    given = replace(dataset, config=config, purchases=purchases)
    load_store(store, given, advance=lambda count: None)
    found = index_dataset(read_dataset(url))
    assert (index_dataset(given).events.item_idx == found.events.item_idx).all()


def test_loading_again_changes_nobody_whom_the_store_knows(
    store: Engine, world: StoreWorld
) -> None:
    load_store(store, world.dataset, advance=lambda count: None)
    with store.begin() as connection:
        connection.execute(sa.update(PARTICIPANTS).values(balance=5))
    again = load_store(store, world.dataset, advance=lambda count: None)
    assert (again.people, again.purchases, again.courses) == (0, 0, 0)
    assert again.known_already == len(world.ids)
    with store.connect() as connection:
        balances = connection.execute(sa.select(PARTICIPANTS.c.balance).distinct()).scalars().all()
    assert balances == [5]
