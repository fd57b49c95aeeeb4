"""Served lists in blocks: many a row, without an index on who asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from saldopas.store.served.packing import Block, block_row

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LISTS_A_BLOCK = 1_000


def upgrade() -> None:
    """Move every list into a block, of its artifact and model version, in order."""
    blocks = op.create_table(
        "served_blocks",
        sa.Column("block_id", sa.String, nullable=False),
        sa.Column("n_lists", sa.Integer, nullable=False),
        sa.Column("model_version", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("people", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("block_id", name="pk_served_blocks"),
    )
    connection = op.get_bind()
    old = sa.table("served_lists", *(sa.column(name) for name in OLD))
    models = sa.select(old.c.fingerprint, old.c.model_version).distinct()
    for fingerprint, version in connection.execute(models).all():
        of_it = (old.c.fingerprint == fingerprint) & (old.c.model_version == version)
        last = ""
        while rows := connection.execute(
            sa.select(old)
            .where(of_it, old.c.request_id > last)
            .order_by(old.c.request_id)
            .limit(LISTS_A_BLOCK)
        ).all():
            last = rows[-1].request_id
            block = Block(
                [row.request_id for row in rows],
                [row.participant_id for row in rows],
                [_moment(row.served_at) for row in rows],
                [bytes(row.content) for row in rows],
            )
            model = {"model_version": version, "fingerprint": fingerprint}
            connection.execute(sa.insert(blocks).values(block_row(block) | model))
    op.drop_table("served_lists")


OLD = ("request_id", "participant_id", "served_at", "model_version", "fingerprint", "content")


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC)
