"""Lists brought to the decisions of a replay: from another catalogue order, or from a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features import columns as c
from features.courses import CourseTable
from features.errors import DataError
from features.id_index import places_of
from features.sequences import ragged_ranges
from models.policy import SOURCES, Recommendations
from training_pipeline.evaluating.decisions import Decisions

SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class GivenLists:
    """Somebody's table of recommendations, applied to each decision of its participants.

    Attributes:
        lists: what is left of a participant's list once the rules of the moment are applied.
        without_list: decisions of participants that the table does not hold.
        refused: courses taken out over all decisions: not affordable, owned, not on sale, not
            allowed or unknown.
    """

    lists: Recommendations
    without_list: int
    refused: int


def relisted(lists: Recommendations, of: CourseTable, to: CourseTable) -> Recommendations:
    """Lists over one catalogue as lists over another that holds all their courses."""
    places = places_of(of.frame[c.COURSE_ID], to.frame[c.COURSE_ID])
    return Recommendations(lists.indptr, places[lists.item_idx], lists.scores, lists.source)


def read_recommendations(path: Path) -> pd.DataFrame:
    """A Parquet or CSV file of `participant_id`, `rank`, `course_id`; ids as text.

    Raises:
        DataError: it is no such file.
    """
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype={c.PARTICIPANT_ID: "str", c.COURSE_ID: "str"})
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        first = str(error).splitlines()[0]
        raise DataError(
            f"{path}: cannot be read ({first})", remedy="give a Parquet or CSV file"
        ) from error


def given_lists(table: pd.DataFrame, decisions: Decisions) -> GivenLists:
    """The lists of a table, best first, as answers to the decisions of its participants.

    The same rules hold for them as for every policy: a course that could not be bought at the
    moment of a decision is taken out, and the next one moves up.

    Raises:
        DataError: a column is missing, or a participant has a rank or a course twice.
    """
    person, item = _checked(table, decisions)
    known = person >= 0
    person, item = person[known], item[known]
    counts = np.bincount(person, minlength=decisions.data.n_people)
    start = np.concatenate([[0], np.cumsum(counts)])[decisions.people]
    length = counts[decisions.people]
    listed = item[ragged_ranges(start, length)]
    rows = np.repeat(np.arange(decisions.n_decisions), length)
    usable = listed >= 0
    usable[usable] = decisions.may_list(rows[usable], listed[usable])
    lengths = np.bincount(rows[usable], minlength=decisions.n_decisions)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ranks = np.arange(len(rows[usable])) - np.repeat(indptr[:-1], lengths)
    lists = Recommendations(
        indptr=indptr,
        item_idx=listed[usable],
        scores=(1.0 / (1.0 + ranks)).astype(np.float32),
        source=np.full(len(ranks), SOURCES.index("history"), np.int8),
    )
    return GivenLists(lists, int((length == 0).sum()), int((~usable).sum()))


def _checked(
    table: pd.DataFrame, decisions: Decisions
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Participants and courses as places (-1: unknown), by participant and rank."""
    for name in (c.PARTICIPANT_ID, c.RANK, c.COURSE_ID):
        if name not in table:
            raise DataError(
                "missing", table="recommendations", column=name, remedy="add the column"
            )
        if table[name].isna().any():
            raise DataError(
                "a value is missing",
                table="recommendations",
                column=name,
                row=int(table[name].isna().to_numpy().argmax()) + 1,
                remedy="fill it in or remove the row",
            )
    for name in (c.RANK, c.COURSE_ID):
        twice = table.duplicated([c.PARTICIPANT_ID, name]).to_numpy()
        if twice.any():
            raise DataError(
                f"a participant has the same {name} twice",
                table="recommendations",
                column=name,
                row=int(twice.argmax()) + 1,
                remedy="give each course of a participant once, with a rank of its own",
            )
    ranks = pd.to_numeric(table[c.RANK], errors="coerce").to_numpy(np.float64)
    if np.isnan(ranks).any():
        raise DataError(
            "a rank is no number",
            table="recommendations",
            column=c.RANK,
            row=int(np.isnan(ranks).argmax()) + 1,
            remedy="count from 1",
        )
    ids = table[c.PARTICIPANT_ID].astype("str")
    person = places_of(ids, decisions.data.people[c.PARTICIPANT_ID])
    courses = decisions.data.courses.frame[c.COURSE_ID]
    item = places_of(table[c.COURSE_ID].astype("str"), courses)
    order = np.lexsort((ranks, person))
    return person[order], item[order]
