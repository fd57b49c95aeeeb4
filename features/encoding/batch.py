"""What a model may see of participants: history, order and profile, never an id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.encoding.sequences import Sequences, recency_matrix
from scipy.sparse import csr_array

HISTORY_DECAY = 0.9


@dataclass(frozen=True)
class ParticipantBatch:
    """B participants.

    Attributes:
        sequence: their purchases, oldest first.
        tokens: (B, n_tokens) what is known of their profiles.
    """

    sequence: Sequences
    tokens: Pairs

    @classmethod
    def joined(cls, parts: Sequence[ParticipantBatch]) -> ParticipantBatch:
        """The participants of all parts, at least one."""
        return cls(
            Sequences.joined([part.sequence for part in parts]),
            Pairs.joined([part.tokens for part in parts]),
        )

    @property
    def n_rows(self) -> int:
        """How many participants."""
        return self.sequence.n_rows

    @cached_property
    def profile(self) -> csr_array:
        """(B, n_tokens) float32 one-hot tokens."""
        return self.tokens.matrix

    @cached_property
    def history(self) -> csr_array:
        """(B, n_items) float32 weights, newest purchase 1, each older one `HISTORY_DECAY` less."""
        return recency_matrix(self.sequence, decay=HISTORY_DECAY)

    def take(self, rows: NDArray[np.integer]) -> ParticipantBatch:
        """The rows asked for, in that order."""
        return ParticipantBatch(self.sequence.take(rows), self.tokens.take(rows))

    def hiding(self, hidden: NDArray[np.bool_]) -> ParticipantBatch:
        """The same rows, those of (B,) `hidden` without history and profile."""
        return ParticipantBatch(self.sequence.only(~hidden), self.tokens.only(~hidden))

    @property
    def has_history(self) -> NDArray[np.bool_]:
        """(B,) which rows hold a purchase."""
        return self.sequence.lengths > 0

    @property
    def has_profile(self) -> NDArray[np.bool_]:
        """(B,) which rows hold a profile token."""
        return self.tokens.lengths > 0


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
