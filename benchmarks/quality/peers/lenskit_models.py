"""LensKit's scorers (environment of `requirements/peers.txt`), asked one decision at a time.

Each decision is a query with its own history, so both models fold it in; LensKit's pipeline ranks
one candidate list for everybody, so its scores are taken and ranked by `top_lists` as all are.
"""

from __future__ import annotations

# mypy: disable-error-code="import-not-found"
import warnings
from typing import Any

import numpy as np
import pandas as pd
from lenskit.als import ImplicitMFConfig, ImplicitMFScorer
from lenskit.data import Dataset, ItemList, RecQuery, from_interactions_df
from lenskit.knn import ItemKNNScorer
from lenskit.knn.item import ItemKNNConfig
from lenskit.training import TrainingOptions
from numpy.typing import NDArray

from benchmarks.quality.lists import UNKNOWN, Scorer
from benchmarks.quality.peers import Config
from benchmarks.quality.task import Task

SEED = 7
LARGE_CATALOGUE, SAVED = 30_000, 1_000  # all neighbours of so many items take gigabytes


def item_knn(config: Config, task: Task) -> Scorer:
    """Deshpande & Karypis 2004: the sum of the similarities to the nearest of the history."""
    saved = SAVED if task.width > LARGE_CATALOGUE else None
    options = ItemKNNConfig(feedback="implicit", save_nbrs=saved, **config)
    return _trained(ItemKNNScorer(options), task)


def implicit_mf(config: Config, task: Task) -> Scorer:
    """Hu et al. 2008."""
    return _trained(ImplicitMFScorer(ImplicitMFConfig(**config)), task)


def _trained(scorer: Any, task: Task) -> Scorer:
    dataset = _dataset(task)
    scorer.train(dataset, TrainingOptions(rng=SEED))
    items = ItemList(item_ids=dataset.items.ids(), vocabulary=dataset.items)
    item_idx = np.asarray(dataset.items.ids(), np.int64)
    history = task.history()
    known = np.isin(np.arange(task.width), item_idx)

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        values = np.full((len(rows), task.width), UNKNOWN, np.float32)
        for place, row in enumerate(rows):
            bought = history.indices[history.indptr[row] : history.indptr[row + 1]]
            bought = bought[known[bought]]
            if len(bought) == 0:
                continue
            query = RecQuery(history_items=ItemList(item_ids=bought.astype(np.int64)))
            found = scorer(query, items).scores()
            values[place, item_idx] = np.where(np.isnan(found), UNKNOWN, found)
        return values

    return score


def _dataset(task: Task) -> Dataset:
    matrix = task.train_matrix().tocoo()
    frame = pd.DataFrame(
        {"user_id": matrix.row.astype(np.int64), "item_id": matrix.col.astype(np.int64)}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return from_interactions_df(frame)
