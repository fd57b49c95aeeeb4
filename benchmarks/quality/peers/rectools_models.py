"""RecTools' own models (environment of `requirements/peers.txt`).

Its ALS, BPR and item-item models are implicit's, which stand in the tables already; its
transformers need hours on two cores. What is RecTools' own is here. `recommend` takes one candidate
list for everybody, so fitted weights are taken and each decision's history multiplied by them.
"""

from __future__ import annotations

# mypy: disable-error-code="import-not-found"
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel, PureSVDModel
from scipy.sparse import csr_matrix

from benchmarks.quality.lists import UNKNOWN, Scorer
from benchmarks.quality.peers import Config
from benchmarks.quality.peers.plain import kept_scorer, most_bought
from benchmarks.quality.task import Task

SEED = 7


def ease(config: Config, task: Task) -> Scorer:
    """Steck 2019, on the same most bought items as the EASE of `plain`."""
    kept = most_bought(task)
    dataset, order = _dataset(task.train_matrix()[:, kept])
    model = EASEModel(**config).fit(dataset)
    return kept_scorer(task.history(), kept[order], np.asarray(model.weight, np.float32))


def pure_svd(config: Config, task: Task) -> Scorer:
    """Cremonesi et al. 2010: x V V', with item factors V S."""
    dataset, order = _dataset(task.train_matrix())
    model = PureSVDModel(random_state=np.random.default_rng(SEED), **config).fit(dataset)
    factors = np.asarray(model.item_factors, np.float32)
    V = factors / np.linalg.norm(factors, axis=0)
    history = task.history()[:, order]

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        values = np.full((len(rows), task.width), UNKNOWN, np.float32)
        values[:, order] = (history[rows] @ V) @ V.T
        return values

    return score


def _dataset(matrix: csr_matrix) -> tuple[Dataset, NDArray[np.int64]]:
    """The interactions, and the column of `matrix` of each of RecTools' item places."""
    pairs = matrix.tocoo()
    frame = pd.DataFrame(
        {
            Columns.User: pairs.row,
            Columns.Item: pairs.col,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.Timestamp("2000-01-01"),
        }
    )
    dataset = Dataset.construct(frame)
    return dataset, np.asarray(dataset.item_id_map.external_ids, np.int64)
