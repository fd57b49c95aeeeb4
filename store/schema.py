"""The store's tables: the data contract's three, and what a running service adds to them.

`participants`, `courses` and `purchases` are those of `docs/data-contract.md` with more columns, so
that the store is itself a dataset. Migrations are in `migrations`; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from saldopas.features.tables import columns as c
from sqlalchemy.engine import Dialect

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = sa.MetaData(naming_convention=NAMES)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Moment(sa.types.TypeDecorator[datetime]):
    """Aware datetimes: `timestamptz`, and in SQLite ISO text in UTC that sorts by time."""

    impl = sa.TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Text where the database has no such type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String())
        return dialect.type_descriptor(sa.TIMESTAMP(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """As it is stored."""
        return moment_text(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """As it is used."""
        return as_moment(value)


def moment_text(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def as_moment(value: str | datetime | None) -> datetime | None:
    """A moment as either database gives it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


STORE_INFO = sa.Table(
    c.STORE_INFO,
    METADATA,
    sa.Column("key", sa.String, primary_key=True),  # salt, dataset
    sa.Column("value", sa.Text, nullable=False),
)

PARTICIPANTS = sa.Table(
    c.PARTICIPANTS,
    METADATA,
    sa.Column(c.PARTICIPANT_ID, sa.String, primary_key=True),
    sa.Column(c.PROFILE, sa.Text, nullable=False),  # a JSON object of profile columns
    sa.Column(c.ANNOUNCED_AT, Moment),
    sa.Column(c.BALANCE, sa.BigInteger),  # the grant, whole rupiah; see docs/decisions/0004
    sa.Column(c.OPTED_OUT, sa.Boolean, nullable=False),
)

COURSES = sa.Table(
    c.COURSES,
    METADATA,
    sa.Column(c.PLACE, BIG, primary_key=True),  # in the catalogue's order, from 0
    sa.Column(c.COURSE_ID, sa.String, nullable=False, unique=True),
    sa.Column(c.PRICE, sa.BigInteger, nullable=False),
    *(
        sa.Column(name, sa.String)
        for name in (c.TITLE, c.CATEGORY, c.PROVIDER, c.PLATFORM, c.MODE, c.MIN_EDUCATION)
    ),
    *(sa.Column(name, sa.BigInteger) for name in (c.MIN_AGE, c.QUOTA, c.DURATION_DAYS)),
    *(sa.Column(name, Moment) for name in (c.ON_SALE_FROM, c.ON_SALE_UNTIL)),
)

PURCHASES = sa.Table(
    c.PURCHASES,
    METADATA,
    sa.Column(c.PURCHASE_ID, BIG, primary_key=True, autoincrement=True),
    sa.Column(c.PARTICIPANT_ID, sa.String, nullable=False, index=True),
    sa.Column(c.COURSE_ID, sa.String, nullable=False),
    sa.Column(c.PURCHASED_AT, Moment, nullable=False),
    sa.Column(c.PRICE_PAID, sa.BigInteger, nullable=False),
    sa.Column(c.STATUS, sa.String, nullable=False),
    sa.Column(c.RATING, sa.Float),
    sa.Column("starts_at", Moment),
    sa.Column("ended_at", Moment),  # finished or cancelled
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("event_id", sa.String, primary_key=True),
    sa.Column("content", sa.String, nullable=False),  # hash: the same id must mean the same event
    sa.Column("kind", sa.String, nullable=False),
    sa.Column(c.PARTICIPANT_ID, sa.String, nullable=False, index=True),
    sa.Column(c.COURSE_ID, sa.String),
    sa.Column("at", Moment, nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
    sa.Column(c.PRICE, sa.BigInteger),
    sa.Column(c.RATING, sa.Float),
    sa.Column("request_id", sa.String),
)

CATALOGUES = sa.Table(
    "catalogues",
    METADATA,
    sa.Column("fingerprint", sa.String, primary_key=True),  # of the artifact
    sa.Column("course_ids", sa.LargeBinary, nullable=False),  # zlib of a JSON list, in item order
)

SERVED = sa.Table(
    "served_blocks",
    METADATA,
    sa.Column("block_id", sa.String, primary_key=True),  # the first list's request id
    sa.Column("n_lists", sa.Integer, nullable=False),
    sa.Column("model_version", sa.String, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("people", sa.Text, nullable=False),  # this and content: see served/packing
    sa.Column("content", sa.LargeBinary, nullable=False),
)

ERASED = sa.Table(
    "erased",
    METADATA,
    sa.Column("hash", sa.String, primary_key=True),  # keyed with the store's salt; never an id
    sa.Column("erased_at", Moment, nullable=False),
    sa.Column("pending", sa.Boolean, nullable=False),  # artifacts may still hold the person
)
OF_A_PERSON = (PARTICIPANTS, PURCHASES, EVENTS)
