"""The request table of `saldopas score`: ids and balances, read as the data contract reads them."""

from __future__ import annotations

from pathlib import Path

from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.contract import check_table
from saldopas.features.tables.csv_source import read_csv
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.features.tables.findings import CheckedTable, shorten
from saldopas.features.tables.raw_table import RawTable, ReadLimits
from saldopas.features.tables.sources import INDEX_PREFIX, read_parquet
from saldopas.training_pipeline.console import say

KNOWN = (c.PARTICIPANT_ID, c.BALANCE)
SHOWN_CHARACTERS = 200


def read_requests(path: Path) -> tuple[list[str], list[int | None]]:
    """Participant ids and balances (None: no limit) of a Parquet or CSV file.

    The rules are those of the contract's `participants`, but there may be no row. Columns that are
    not known are named on standard error.

    Raises:
        DataError: no such file, no `participant_id`, an id that is missing or there twice, a
            balance that is not whole money.
    """
    try:
        raw = _read(path)
        _name_ignored(raw)
        if raw.n_rows == 0 and not raw.malformed:
            return [], []
        table = check_table(raw, DatasetConfig())
        if table.n_bad:
            raise _first_problem(table)
    except DataError as error:  # it is no table of the dataset: say which file
        raise DataError(
            error.problem,
            remedy=error.remedy,
            table=path.name,
            column=error.column,
            row=error.row,
        ) from error
    ids = table.frame[c.PARTICIPANT_ID].tolist()
    if c.BALANCE not in table.frame:
        return ids, [None] * len(ids)
    balances = table.frame[c.BALANCE]
    given = balances.notna().tolist()
    whole = balances.fillna(0).astype("int64").tolist()
    return ids, [money if known else None for money, known in zip(whole, given, strict=True)]


def _read(path: Path) -> RawTable:
    if not path.is_file():
        raise DataError(f"there is no file {path}", remedy="give a Parquet or CSV file")
    read = read_parquet if path.suffix == ".parquet" else read_csv
    try:
        raw = read(path, table=c.PARTICIPANTS, wanted=KNOWN, limits=ReadLimits())
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}", remedy="check the file's rights"
        ) from error
    if c.PARTICIPANT_ID not in raw.all_names:
        raise DataError(
            f"missing (it has: {', '.join(raw.all_names)[:SHOWN_CHARACTERS]})",
            column=c.PARTICIPANT_ID,
            remedy="add the column",
        )
    return raw


def _name_ignored(raw: RawTable) -> None:
    ignored = [
        name for name in raw.all_names if name not in KNOWN and not name.startswith(INDEX_PREFIX)
    ]
    if ignored:
        limit = "" if c.BALANCE in raw.all_names else ", and without balance nobody has a limit"
        names = ", ".join(ignored)[:SHOWN_CHARACTERS]
        say(f"warning: {raw.origin}: not read: {names}; known are {' and '.join(KNOWN)}{limit}")


def _first_problem(table: CheckedTable) -> DataError:
    if table.raw.malformed:
        bad = table.raw.malformed[0]
        return DataError(bad.problem, remedy="mend it (is a comma or a quote wrong?)", row=bad.row)
    finding = table.findings[0]
    shown = "" if finding.value is None else f" ({shorten(finding.value)})"
    return DataError(
        f"{finding.problem}{shown}",
        remedy=finding.remedy,
        column=finding.column,
        row=int(table.raw.row_numbers[finding.positions[0]]),
    )
