"""The first schema."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(), "sqlite")


def upgrade() -> None:
    """Make every table, and the salt."""
    info = op.create_table(
        "store_info",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_store_info"),
    )
    op.create_table(
        "participants",
        sa.Column("participant_id", sa.String, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("announced_at", MOMENT),
        sa.Column("balance", sa.BigInteger),
        sa.Column("opted_out", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("participant_id", name="pk_participants"),
    )
    texts = ("title", "category", "provider", "platform", "mode", "min_education")
    op.create_table(
        "courses",
        sa.Column("place", BIG, nullable=False),
        sa.Column("course_id", sa.String, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.String) for name in texts),
        *(sa.Column(name, sa.BigInteger) for name in ("min_age", "quota", "duration_days")),
        *(sa.Column(name, MOMENT) for name in ("on_sale_from", "on_sale_until")),
        sa.PrimaryKeyConstraint("place", name="pk_courses"),
        sa.UniqueConstraint("course_id"),
    )
    op.create_table(
        "purchases",
        sa.Column("purchase_id", BIG, nullable=False, autoincrement=True),
        sa.Column("participant_id", sa.String, nullable=False),
        sa.Column("course_id", sa.String, nullable=False),
        sa.Column("purchased_at", MOMENT, nullable=False),
        sa.Column("price_paid", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("rating", sa.Float),
        sa.Column("starts_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("purchase_id", name="pk_purchases"),
    )
    op.create_index("ix_purchases_participant_id", "purchases", ["participant_id"])
    op.create_table(
        "events",
        sa.Column("event_id", sa.String, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("participant_id", sa.String, nullable=False),
        sa.Column("course_id", sa.String),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("price", sa.BigInteger),
        sa.Column("rating", sa.Float),
        sa.Column("request_id", sa.String),
        sa.PrimaryKeyConstraint("event_id", name="pk_events"),
    )
    op.create_index("ix_events_participant_id", "events", ["participant_id"])
    op.create_table(
        "catalogues",
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("course_ids", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_catalogues"),
    )
    op.create_table(
        "served_lists",
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("participant_id", sa.String),
        sa.Column("served_at", MOMENT, nullable=False),
        sa.Column("model_version", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_served_lists"),
    )
    op.create_index("ix_served_lists_participant_id", "served_lists", ["participant_id"])
    op.create_table(
        "erased",
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("erased_at", MOMENT, nullable=False),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_erased"),
    )
    op.bulk_insert(info, [{"key": "salt", "value": secrets.token_hex(32)}])
