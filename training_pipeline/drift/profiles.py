"""Are they the same kind of people? PSI of each profile column, as models see it."""

from __future__ import annotations

import numpy as np
from saldopas.features.encoding.profile import ProfileVocabulary, TokenColumn, learn_vocabulary
from saldopas.training_pipeline.drift.config import DriftConfig
from saldopas.training_pipeline.drift.finding import Finding, of_mix
from saldopas.training_pipeline.drift.mixes import MISSING, Side, make_mix
from saldopas.training_pipeline.drift.sides import OneSide


def profile_findings(old: OneSide, new: OneSide, config: DriftConfig) -> list[Finding]:
    """A finding a column that OLD has and models would use; a missing value is a category."""
    people = old.dataset.participants[old.people]
    vocabulary = learn_vocabulary(people, old.dataset.config)
    found = []
    for column in vocabulary.columns:
        labels = [label.removeprefix(f"{column.column}=") for label in column.labels] + [MISSING]
        sides = [_codes(column, side) for side in (old, new)]
        found += of_mix("profiles", column.column, make_mix(sides, labels, config), config)
    return found


def _codes(column: TokenColumn, side: OneSide) -> Side:
    """The column's tokens; the last code is that of a missing value."""
    people = side.dataset.participants[side.people]
    tokens = ProfileVocabulary(columns=(column,)).encode(people)
    codes = np.full(len(people), len(column.labels), np.int64)
    has = np.diff(tokens.indptr) > 0
    codes[has] = tokens.indices
    return Side(codes)
