"""What Alembic runs: the steps, on the connection that `saldopas.store.engine` hands over."""

from __future__ import annotations

from alembic import context
from saldopas.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="store_version",
    transactional_ddl=False,  # one transaction around all, opened by the caller
)
context.run_migrations()
