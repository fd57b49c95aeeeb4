"""Bringing a store to the schema that this release knows; several processes may do it at once."""

from __future__ import annotations

import sqlalchemy as sa
from saldopas.features.errors import DataError
from saldopas.store.engine import MIGRATING, for_reading, is_sqlite
from sqlalchemy.engine import Connection, Engine

HEAD = "0002"
VERSION_TABLE = "store_version"


def upgrade_store(engine: Engine, *, to: str = HEAD) -> str:
    """Run the steps that are missing, all or none; the revision that the store has then.

    Args:
        engine: the store.
        to: an earlier revision leaves later steps undone, for tests of them.

    Raises:
        DataError: a newer release made the store.
    """
    with for_reading(engine).connect() as connection:  # whoever writes need not be waited for
        if revision_of(connection) == to:
            return to
    with engine.begin() as connection:  # in SQLite this takes the write lock
        if not is_sqlite(connection):
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
        found = revision_of(connection)
        if found == to:
            return to
        if found is not None and found > HEAD:
            raise DataError(
                f"the store has schema {found}, this release knows {HEAD}",
                remedy="serve it with the release that made it, or restore a backup",
            )
        # loaded only where there is something to do: it takes a while, and workers would keep it
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "saldopas.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return to


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None where there is none yet."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
