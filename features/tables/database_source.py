"""Reading one table of a database (SQLite, PostgreSQL) through SQLAlchemy, never writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pyarrow as pa
import sqlalchemy as sa
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.raw_table import RawTable, ReadLimits, check_names, numbered
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

ORDER = {c.PARTICIPANTS: c.PARTICIPANT_ID, c.COURSES: c.PLACE, c.PURCHASES: c.PURCHASE_ID}
CONNECT_SECONDS = 10
ROWS_AT_ONCE = 100_000


def database_url(source: str) -> URL:
    """The parsed URL, with psycopg 3 for PostgreSQL.

    Raises:
        DataError: no URL of a database that is supported, or no such SQLite file.
    """
    try:
        url = make_url(source)
    except ArgumentError as error:
        raise _bad_url("this is not a database URL") from error
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise _bad_url(f"databases of kind {backend} are not read")
    if not url.database:
        raise _bad_url("the URL names no SQLite file")
    if not Path(url.database).is_file():
        raise DataError(
            f"there is no SQLite file {url.database}", remedy="give an existing file's path"
        )
    return url.set(drivername="sqlite")


@contextmanager
def connected(url: URL) -> Iterator[Connection]:
    """A connection for reading only; whatever the database says becomes one line."""
    sqlite = url.get_backend_name() == "sqlite"
    arguments = {} if sqlite else {"connect_timeout": CONNECT_SECONDS}
    # three tables of one moment: a purchase made meanwhile must not name an unknown participant
    moment = {} if sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        engine = sa.create_engine(
            _read_only(url),
            connect_args=arguments,
            poolclass=sa.NullPool,
            execution_options=moment,
        )
    except (NoSuchModuleError, ImportError, ArgumentError) as error:
        raise _bad_url(str(error)) from error
    try:
        with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, UnicodeDecodeError) as error:
        shown = url.render_as_string(hide_password=True)
        lines = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise DataError(
            f"the database {shown} cannot be read: {lines[0] if lines else 'no answer'}",
            remedy="check the URL, the server and the rights of its user",
        ) from error
    finally:
        engine.dispose()


def has_table(connection: Connection, table: str) -> bool:
    """Whether the database holds a table or view of this name."""
    inspector = sa.inspect(connection)
    return inspector.has_table(table)


def own_config(connection: Connection) -> DatasetConfig | None:
    """The dataset's configuration as the database itself holds it; None where it does not."""
    if not has_table(connection, c.STORE_INFO):
        return None
    info = sa.table(c.STORE_INFO, sa.column("key"), sa.column("value"))
    query = sa.select(info.c.value).where(info.c.key == "dataset")
    text = connection.execute(query).scalar_one_or_none()
    return None if text is None else DatasetConfig.model_validate_json(text)


def read_database_table(
    connection: Connection, *, table: str, wanted: Sequence[str] | None, limits: ReadLimits
) -> RawTable:
    """The `wanted` columns, or all (None).

    Rows come as the database gives them; those of a database with a table `store_info` in one
    order, so that the same store is the same dataset.
    """
    order = (ORDER[table],) if has_table(connection, c.STORE_INFO) else ()
    inspector = sa.inspect(connection)
    declared = {str(column["name"]): column["type"] for column in inspector.get_columns(table)}
    check_names(list(declared), table=table)
    source = sa.table(table, *(sa.column(name) for name in declared))
    count = connection.execute(sa.select(sa.func.count()).select_from(source)).scalar_one()
    limits.check_rows(int(count), table=table)
    kept = [name for name in declared if wanted is None or name in wanted]
    query = sa.select(*(source.c[name] for name in kept)).order_by(*(source.c[k] for k in order))
    parts = _read(connection, query, len(kept))
    columns = {
        name: _column(part, boolean=isinstance(declared[name], sa.Boolean))
        for name, part in zip(kept, parts, strict=True)
    }
    data = pa.table(columns)
    origin = f"table {table} of the database"
    return _with_profile(RawTable(table, data, numbered(data.num_rows), origin, tuple(declared)))


def _with_profile(raw: RawTable) -> RawTable:
    """Participants with a column for each key of their JSON column `profile`, where one is."""
    if raw.name != c.PARTICIPANTS or c.PROFILE not in raw.data.column_names:
        return raw
    profiles = [orjson.loads(text) for text in raw.data[c.PROFILE].to_pylist()]
    names = sorted({name for profile in profiles for name in profile} - set(raw.data.column_names))
    data = raw.data.drop_columns([c.PROFILE])
    for name in names:
        values = array_of([profile.get(name) for profile in profiles])
        data = data.append_column(name, pa.chunked_array([values]))
    return replace(raw, data=data, all_names=tuple(data.column_names))


def _read(
    connection: Connection, query: sa.Select[tuple[object, ...]], width: int
) -> list[list[pa.Array]]:
    parts: list[list[pa.Array]] = [[] for _ in range(width)]
    if not width:
        return parts
    result = connection.execution_options(stream_results=True).execute(query)
    for rows in result.partitions(ROWS_AT_ONCE):
        for part, values in zip(parts, zip(*rows, strict=True), strict=True):
            part.append(array_of(list(values)))
    return parts


def array_of(values: list[object]) -> pa.Array:
    """An Arrow array of what a driver gives; of texts where the values have no one type."""
    try:
        array = pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return _texts(values)
    odd = isinstance(array.type, pa.BaseExtensionType) or pa.types.is_binary(
        array.type
    )  # uuid, blob
    return _texts(values) if odd else array


def _texts(values: Sequence[object]) -> pa.Array:
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _column(parts: list[pa.Array], *, boolean: bool) -> pa.ChunkedArray:
    types = {part.type for part in parts if not pa.types.is_null(part.type)}
    if len(types) > 1:  # a typeless database may change its mind between blocks
        parts = [_texts(part.to_pylist()) for part in parts]
        types = {pa.string()}
    kind = next(iter(types), pa.null())
    column = pa.chunked_array([part.cast(kind) for part in parts], kind)
    return column.cast(pa.bool_()) if boolean and pa.types.is_integer(kind) else column


def _read_only(url: URL) -> URL:
    if url.get_backend_name() != "sqlite":
        return url
    path = Path(str(url.database)).resolve()
    return url.set(database=path.as_uri(), query={"mode": "ro", "uri": "true"})


def _bad_url(problem: str) -> DataError:
    return DataError(
        problem, remedy="give a directory, sqlite:///FILE or postgresql://USER@HOST/NAME"
    )
