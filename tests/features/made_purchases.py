"""Purchases drawn at random, with dates or all of one day."""

from __future__ import annotations

import numpy as np
import pandas as pd

MONTHS = pd.date_range("2021-01-01", periods=120, freq="D")


def random_purchases(people: int, each: int, *, dated: bool, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (f"p{person}", f"c{course}", MONTHS[day if dated else 0])
        for person in range(people)
        for course, day in zip(
            rng.permutation(30)[:each], np.sort(rng.permutation(120)[:each]), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["participant_id", "course_id", "purchased_at"])
