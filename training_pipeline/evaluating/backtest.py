"""Artifacts and tables of recommendations on purchases that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.indexed import IndexedDataset, align_courses, index_dataset
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.encoding.sequences import ragged_ranges
from saldopas.features.errors import DataError
from saldopas.features.splits.split import Cut, cut_after, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.features.tables.id_index import places_of
from saldopas.models.artifact.artifact import Artifact
from saldopas.models.policy.policy import SOURCES, Policy, Recommendations
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS, Decisions

SERVED, REFITTED = "served", "refitted before the test cut"
DEFAULT_SEED = 7  # of the cut where no artifact names one
SUFFIXES = (".parquet", ".csv")
COLUMNS = (c.PARTICIPANT_ID, c.RANK, c.COURSE_ID)
TABLE = "recommendations"
IDS = frozenset({"string", "integer"})  # ids are text; whole numbers are written as such
RANKS = frozenset({"integer"})


@dataclass(frozen=True)
class Backtest:
    """Which purchases are predicted, for any number of artifacts.

    Attributes:
        dataset: as read; decisions: over the catalogue of the first artifact, or of the dataset.
        split, seed: how purchases are held out, of the first artifact.
        since_s: artifacts answer as they are from this moment on; None: they are fitted again on
            what lies before the test cut.
    """

    dataset: Dataset
    decisions: Decisions
    split: SplitConfig
    seed: int
    since_s: int | None

    @classmethod
    def of(
        cls, dataset: Dataset, artifacts: Sequence[Artifact], *, since: datetime | None = None
    ) -> Backtest:
        """Decisions after every artifact's cut-off, or else the test cut of the first one's split.

        Args:
            dataset: a checked dataset.
            artifacts: none, one or several.
            since: predict what was bought from this moment on; without a zone it is in the
                dataset's.

        Raises:
            DataError: nothing can be held out, or `since` is before a cut-off.
        """
        first = artifacts[0].manifest if artifacts else None
        known = artifacts[0].policy.courses.frame if artifacts else None
        data = index_dataset(dataset if known is None else align_courses(dataset, known))
        split = first.split_config if first else SplitConfig()
        seed = first.seed if first else DEFAULT_SEED
        cutoff_s = max((one.manifest.cutoff_s for one in artifacts), default=None)
        since_s = _since(since, data, cutoff_s)
        cut = _cut(data, split, seed, since_s)
        if cut is None and since is None and since_s is not None:
            since_s = None
            cut = _cut(data, split, seed, since_s)
        if cut is None:
            raise DataError(
                f"fewer than {split.min_cases} purchases could be predicted "
                "(after the model's cut-off, or held out; affordable, on sale and not owned)",
                table=c.PURCHASES,
                remedy="evaluate on more data, or set [split] min_cases",
            )
        return cls(dataset, Decisions(data, cut), split, seed, since_s)

    @property
    def fitted(self) -> str:
        """How artifacts answer here."""
        return REFITTED if self.since_s is None else SERVED

    def policy_of(self, artifact: Artifact) -> tuple[Policy, IndexedDataset, Cut]:
        """Its policy for these decisions, and the decisions in the order of its own catalogue."""
        data, cut = self._in_order_of(artifact)
        manifest = artifact.manifest
        if self.since_s is None:
            return manifest.recipe.fit(cut.train, seed=manifest.seed), data, cut
        train = replace(cut.train, vocabulary=manifest.vocabulary)
        return artifact.policy.over(data.courses), data, replace(cut, train=train)

    def lists_of(self, artifact: Artifact) -> Recommendations:
        """Lists of an artifact for each decision, in the catalogue's order of `decisions`."""
        policy, data, cut = self.policy_of(artifact)
        lists = policy.recommend(cut.requests(data, count=max(CUTOFFS)))
        return relisted(lists, data.courses, self.decisions.data.courses)

    def _in_order_of(self, artifact: Artifact) -> tuple[IndexedDataset, Cut]:
        ours = self.decisions
        aligned = align_courses(self.dataset, artifact.policy.courses.frame)
        ids = ours.data.courses.frame[c.COURSE_ID]
        if aligned.courses[c.COURSE_ID].tolist() == ids.tolist():
            return ours.data, ours.cut
        data = index_dataset(aligned)
        cut = _cut(data, self.split, self.seed, self.since_s)
        if cut is None or not (
            np.array_equal(cut.cases.row, ours.cut.cases.row)
            and np.array_equal(cut.cases.as_of_s, ours.cut.cases.as_of_s)
        ):
            raise RuntimeError("two orders of the catalogue gave different decisions")
        return data, cut


def _since(since: datetime | None, data: IndexedDataset, cutoff_s: int | None) -> int | None:
    if since is None:
        return cutoff_s
    zone = ZoneInfo(data.config.timezone)
    asked_s = int((since if since.tzinfo else since.replace(tzinfo=zone)).timestamp())
    if cutoff_s is not None and asked_s < cutoff_s:
        learned = datetime.fromtimestamp(cutoff_s, UTC).isoformat()
        raise DataError(
            f"a model has learned from purchases until {learned}",
            remedy="give a later --since, or none",
        )
    return asked_s


def _cut(data: IndexedDataset, split: SplitConfig, seed: int, since_s: int | None) -> Cut | None:
    """Hold out the purchases from a moment on, or the test cut; None without any to predict."""
    if since_s is not None:
        return cut_after(data, split, vocabulary=ProfileVocabulary(), as_of_s=since_s, seed=seed)
    cuts = make_cuts(data, split, seed=seed)
    return cuts[1] if cuts is not None else None


def read_recommendations(path: Path) -> pd.DataFrame:
    """`participant_id`, `rank` and `course_id` of a Parquet or CSV file; other columns are left.

    Raises:
        DataError: it is no such file.
    """
    try:
        if path.suffix == ".parquet":
            there = pq.read_schema(path).names
            return pd.read_parquet(path, columns=[name for name in COLUMNS if name in there])
        return pd.read_csv(
            path,
            dtype={c.PARTICIPANT_ID: "str", c.COURSE_ID: "str"},
            usecols=lambda name: name in COLUMNS,
            keep_default_na=False,  # `NA` is an id like any other
            na_values=[""],
        )
    except (OSError, ValueError, pa.ArrowException) as error:
        first = str(error).splitlines()[0]
        raise DataError(
            f"{path}: cannot be read ({first})", remedy="give a Parquet or CSV file"
        ) from error


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The three columns, ids as text and ranks as int64.

    Raises:
        DataError: a column is missing or of another kind, a value is missing, a rank is below 1, or
            a participant has a rank or a course twice.
    """
    if len(table) == 0:
        raise DataError("there are no rows", table=TABLE, remedy="give a list a participant")
    found = pd.DataFrame(
        {name: _column(table, name, RANKS if name == c.RANK else IDS) for name in COLUMNS}
    )
    _refuse(found[c.RANK].to_numpy() < 1, c.RANK, "a rank is below 1", "count from 1")
    for name in (c.RANK, c.COURSE_ID):
        _refuse(
            found.duplicated([c.PARTICIPANT_ID, name]).to_numpy(),
            name,
            f"a participant has the same {name} twice",
            "give each course of a participant once, with a rank of its own",
        )
    return found


def _column(table: pd.DataFrame, name: str, kinds: frozenset[str]) -> pd.Series[Any]:
    if name not in table:
        raise DataError("missing", table=TABLE, column=name, remedy="add the column")
    values = table[name]
    if not isinstance(values, pd.Series):
        raise DataError("there twice", table=TABLE, column=name, remedy="keep one of them")
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    _refuse(values.isna().to_numpy(), name, "a value is missing", "fill it in or remove the row")
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind not in kinds:
        wanted = "whole numbers from 1" if name == c.RANK else "text or whole numbers"
        held = "lists, records or several kinds of values" if kind.startswith("mixed") else kind
        raise DataError(
            f"holds {held}, not {wanted}",
            table=TABLE,
            column=name,
            remedy=f"write it as {wanted}, a value a row",
        )
    return values.astype("int64" if name == c.RANK else "str").reset_index(drop=True)


def _refuse(bad: NDArray[np.bool_], column: str, problem: str, remedy: str) -> None:
    """The first row with a True, counted from 1."""
    if bad.any():
        row = int(bad.argmax()) + 1
        raise DataError(problem, table=TABLE, column=column, row=row, remedy=remedy)


@dataclass(frozen=True)
class GivenLists:
    """A table of recommendations, applied to each decision of its participants.

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
