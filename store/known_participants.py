"""Participants as an artifact's snapshot and the store know them; where both do, the store wins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.eligibility import age_at_least, education_level
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.requests.participants import KnownParticipant
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.store.event_rules import left_rp
from saldopas.store.participants import NOBODY, Bought, Found, Participant


class PlanDays(NamedTuple):
    """What is known of a participant's days, in the dataset's time zone; None: not known.

    Attributes:
        announced: day of the announcement; None too where something was bought.
        last_rated: day on which the newest training was finished.
        last_bought: day and item index of the newest purchase that was kept.
    """

    announced: date | None = None
    last_rated: date | None = None
    last_bought: tuple[date, int] | None = None


@dataclass(frozen=True)
class ParticipantSource:
    """The participants that the store or the artifact's snapshot knows; the store wins.

    Attributes:
        snapshot: of the artifact.
        courses: the catalogue.
        vocabulary: the profile tokens.
        config: of the dataset, with the scheme's grant and the eligibility columns.
    """

    snapshot: Snapshot
    courses: CourseTable
    vocabulary: ProfileVocabulary
    config: DatasetConfig

    def known(
        self, ids: Sequence[str | None], found: Sequence[Found] | None
    ) -> list[KnownParticipant]:
        """(B,) participants of requests.

        Where the store did not answer, nothing of the snapshot ranks courses: the participant may
        have opted out or been erased since. What the snapshot says was bought stays excluded, and
        its balance holds.

        Args:
            ids: (B,) ids; None is nobody.
            found: (B,) what the store answered; None: there is no store.
        """
        answers = [NOBODY] * len(ids) if found is None else found
        # the snapshot is not asked for participants whom the store knows or has erased
        unknown = [
            None if one.erased or one.participant is not None else name
            for name, one in zip(ids, answers, strict=True)
        ]
        rows = self.snapshot.rows_of(unknown).tolist()
        return [self._known(one, row) for one, row in zip(answers, rows, strict=True)]

    def _known(self, found: Found, row: int) -> KnownParticipant:
        if found.participant is not None:
            return self.of_store(found.participant)
        known = KnownParticipant.of_snapshot(self.snapshot, row)
        return known._replace(history=(), tokens=()) if found.down else known

    def of_store(self, person: Participant) -> KnownParticipant:
        """A participant of the store; courses that the catalogue does not have are left out."""
        rules, profile, item_of = self.config.eligibility, person.profile, self.courses.item_of
        bought = [
            (item_of[one.course_id], one.kept)
            for one in person.purchases
            if one.course_id in item_of
        ]
        return KnownParticipant(
            history=[item for item, kept in bought if kept],
            tokens=self.vocabulary.tokens_of(profile),
            owned=[item for item, _ in bought],
            balance_rp=left_rp(person, self.config),
            age_at_least=age_at_least(profile.get(rules.age_column)),
            education_at_least=education_level(
                profile.get(rules.education_column), rules.education_order
            ),
            opted_out=person.opted_out,
            participant_id=person.participant_id,
        )

    def plan_days(self, participant_id: str | None, found: Found | None) -> PlanDays:
        """The days that a participant's plan depends on, of the store or the snapshot.

        Days are no history that ranks courses: opted-out participants wait for a training too.
        """
        zone = ZoneInfo(self.config.timezone)
        person = None if found is None else found.participant
        if person is not None:
            kept = [one for one in person.purchases if one.kept]
            if not kept:
                return PlanDays(announced=_day(person.announced_at, zone))
            newest = kept[-1]
            bought = self.courses.item_of.get(newest.course_id)
            day = newest.at.astimezone(zone).date()
            return PlanDays(
                last_rated=_day(newest.ended_at, zone) if newest.status == c.COMPLETED else None,
                last_bought=None if bought is None else (day, bought),
            )
        if found is not None and found.erased:
            return PlanDays()
        [row] = self.snapshot.rows_of([participant_id])
        newest_kept = self.snapshot.newest_kept(row)
        if newest_kept is None:
            return PlanDays()
        at_s, item = newest_kept
        return PlanDays(last_bought=(datetime.fromtimestamp(at_s, zone).date(), item))

    def seed(self, participant_id: str) -> Participant | None:
        """The participant whom the snapshot knows as the store would know them, or None.

        Requests about both give the same answers: same tokens, owned courses and balance. Prices
        paid are not in a snapshot: the catalogue's stand for them, and the grant makes up for the
        difference. Only the newest training may still go on: the scheme wants each one finished
        before the next. The moment of the announcement is not known.
        """
        snapshot = self.snapshot
        [row] = snapshot.rows_of([participant_id]).tolist()
        if row < 0:
            return None
        events = range(int(snapshot.indptr[row]), int(snapshot.indptr[row + 1]))
        newest = max((place for place in events if snapshot.kept[place]), default=-1)
        purchases = tuple(
            Bought(
                course_id=str(self.courses.course_ids[item := int(snapshot.item_idx[place])]),
                at=datetime.fromtimestamp(int(snapshot.at_s[place]), UTC),
                price_rp=int(self.courses.price_rp[item]),
                status=_status(kept=bool(snapshot.kept[place]), newest=place == newest),
            )
            for place in events
        )
        grant = None
        if snapshot.has_balance[row]:
            spent = sum(one.price_rp for one in purchases if one.kept)
            grant = int(snapshot.balance_rp[row]) + spent
        profile = _profile(snapshot, row, self.vocabulary, self.config)
        return Participant(
            participant_id=participant_id,
            profile_json=json.dumps(profile, ensure_ascii=False),
            grant_rp=grant,
            opted_out=bool(snapshot.opted_out[row]),
            purchases=purchases,
        )


def _day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return None if moment is None else moment.astimezone(zone).date()


def _status(*, kept: bool, newest: bool) -> str:
    if not kept:
        return c.CANCELLED
    return c.ACTIVE if newest else c.COMPLETED


def _profile(
    snapshot: Snapshot, row: int, vocabulary: ProfileVocabulary, config: DatasetConfig
) -> dict[str, Any]:
    """Columns whose tokens are those of the snapshot; a band is told by a number inside it."""
    tokens = snapshot.token_idx[snapshot.token_indptr[row] : snapshot.token_indptr[row + 1]]
    profile: dict[str, Any] = {}
    start = 0
    for column in vocabulary.columns:
        places = tokens[(tokens >= start) & (tokens < start + len(column.labels))] - start
        if len(places):
            profile[column.column] = _value(column, int(places[0]))
        start += len(column.labels)
    rules = config.eligibility
    age, level = int(snapshot.age_at_least[row]), int(snapshot.education_at_least[row])
    if age:
        profile[rules.age_column] = age
    if level:
        profile[rules.education_column] = rules.education_order[level - 1]
    return profile


def _value(column: TokenColumn, place: int) -> str | float:
    if column.kind == "values":
        return column.labels[place].removeprefix(f"{column.column}=")
    if not column.edges:
        return 0
    low = column.edges[place - 1] if place else float(np.nextafter(column.edges[0], -np.inf))
    return int(low) if low == int(low) else low
