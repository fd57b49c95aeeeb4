"""Lists brought to the decisions of a replay: from another catalogue order, or from a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.sequences import ragged_ranges
from saldopas.features.errors import DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.id_index import places_of
from saldopas.models.policy.policy import SOURCES, Recommendations
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.given_table import TABLE, checked


@dataclass(frozen=True)
class GivenLists:
    """Somebody's table of recommendations, applied to each decision of its participants.

    Attributes:
        lists: what is left of a participant's list once the rules of the moment are applied.
        people: deciding participants with a list; without_list: decisions of the others.
        unknown_people, unknown_courses: ids of the table that the data does not know.
        refused: courses taken out over all decisions: not affordable, owned, not on sale, not
            allowed or unknown.
    """

    lists: Recommendations
    people: int
    without_list: int
    unknown_people: int
    unknown_courses: int
    refused: int


def relisted(lists: Recommendations, of: CourseTable, to: CourseTable) -> Recommendations:
    """Lists over one catalogue as lists over another that holds all their courses."""
    places = places_of(of.frame[c.COURSE_ID], to.frame[c.COURSE_ID])
    return Recommendations(lists.indptr, places[lists.item_idx], lists.scores, lists.source)


def given_lists(table: pd.DataFrame, decisions: Decisions) -> GivenLists:
    """The lists of a table, best first, as answers to the decisions of its participants.

    The same rules hold for them as for every policy: a course that could not be bought at the
    moment of a decision is taken out, and the next one moves up.

    Raises:
        DataError: the table is no such (`given_table.checked`), or none of its participants decides
            here, or none of its courses is in the catalogue.
    """
    rows_given = checked(table)
    person = places_of(rows_given[c.PARTICIPANT_ID], decisions.data.people[c.PARTICIPANT_ID])
    item = places_of(rows_given[c.COURSE_ID], decisions.data.courses.frame[c.COURSE_ID])
    decides = np.isin(person, decisions.people)
    _overlaps(rows_given, c.PARTICIPANT_ID, decides, f"{decisions.n_people:,} that decide here")
    _overlaps(rows_given, c.COURSE_ID, item >= 0, f"{decisions.n_items:,} of the catalogue")
    unknown_people = rows_given.loc[person < 0, c.PARTICIPANT_ID].nunique()
    unknown_courses = rows_given.loc[item < 0, c.COURSE_ID].nunique()
    order = np.lexsort((rows_given[c.RANK].to_numpy(), person))[(person < 0).sum() :]
    person, item = person[order], item[order]
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
    return GivenLists(
        lists,
        people=len(np.unique(decisions.people[length > 0])),
        without_list=int((length == 0).sum()),
        unknown_people=int(unknown_people),
        unknown_courses=int(unknown_courses),
        refused=int((~usable).sum()),
    )


def _overlaps(table: pd.DataFrame, column: str, known: NDArray[np.bool_], beside: str) -> None:
    """A table of other people or courses would be judged as misses alone."""
    if not known.any():
        raise DataError(
            f"none of its {table[column].nunique():,} ids is among the {beside}",
            table=TABLE,
            column=column,
            remedy="use the ids of the data, as they are written there",
        )
