"""What a model is fitted on: participants up to a cut-off, and the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.profile import ProfileVocabulary


@dataclass(frozen=True)
class TrainingSet:
    """P participants with all they bought before `as_of_s`.

    Attributes:
        participants: P rows, everybody who bought something and did not opt out.
        courses: the catalogue in item order.
        vocabulary: the profile tokens, learned on these participants.
        as_of_s: epoch seconds; nothing at or after it was seen.
        dates_are_order_only: times give the order of purchases and no more.
    """

    participants: ParticipantBatch
    courses: CourseTable
    vocabulary: ProfileVocabulary
    as_of_s: int
    dates_are_order_only: bool = False

    @property
    def n_items(self) -> int:
        """Size of the catalogue."""
        return self.courses.n_items
