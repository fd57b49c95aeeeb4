"""A table with a row a participant, for analyses of one's own. It is as sensitive as the data."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from saldopas.features.tables import columns as c
from saldopas.training_pipeline.evaluating.measured import Measured


def per_participant(candidates: Mapping[str, Measured]) -> pd.DataFrame:
    """`participant_id`, `decisions`, and `<candidate>/<metric>`: the mean over their decisions.

    A mean is missing where none of the decisions has a value.
    """
    decisions = next(iter(candidates.values())).decisions
    rows, place = np.unique(decisions.people, return_inverse=True)
    about = pd.DataFrame(
        {
            c.PARTICIPANT_ID: decisions.data.people[c.PARTICIPANT_ID].to_numpy()[rows],
            "decisions": np.bincount(place),
        }
    )
    means = [
        measured.metrics.groupby(place).mean().add_prefix(f"{name}/").reset_index(drop=True)
        for name, measured in candidates.items()
    ]
    return pd.concat([about, *means], axis=1)
