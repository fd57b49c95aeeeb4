"""implicit's own models, fitted by implicit; only filtering and ranking are the benchmark's.

ALS folds each decision's history in (`recalculate_user`) and item-item models multiply it; BPR and
LMF of implicit have no fold-in, so the participant's trained factors are used, and popularity for
whoever was not in the training set.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.cpu.lmf import LogisticMatrixFactorization
from implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    ItemItemRecommender,
    TFIDFRecommender,
)
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.quality.lists import UNKNOWN, Scorer
from benchmarks.quality.peers import Config
from benchmarks.quality.task import Task, Weights

SEED = 7


def als(config: Config, task: Task) -> Scorer:
    """Hu et al. 2008."""
    options, weights = _apart(config)
    model = AlternatingLeastSquares(random_state=SEED, num_threads=0, **options)
    with threadpool_limits(limits=1, user_api="blas"):  # two make it 2 to 4 times slower
        model.fit(task.train_matrix(weights), show_progress=False)
    history = task.history(weights)

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        with threadpool_limits(limits=1, user_api="blas"):
            users = model.recalculate_user(rows, history[rows])
        return np.asarray(users @ model.item_factors.T)

    return score


def bpr(config: Config, task: Task) -> Scorer:
    """Rendle et al. 2009; one thread, as two are not reproducible."""
    return _trained(BayesianPersonalizedRanking(random_state=SEED, num_threads=1, **config), task)


def lmf(config: Config, task: Task) -> Scorer:
    """Johnson 2014."""
    return _trained(LogisticMatrixFactorization(random_state=SEED, num_threads=1, **config), task)


def cosine(config: Config, task: Task) -> Scorer:
    """Item-item, cosine."""
    return _item_item(CosineRecommender, config, task)


def tfidf(config: Config, task: Task) -> Scorer:
    """Item-item, TF-IDF."""
    return _item_item(TFIDFRecommender, config, task)


def bm25(config: Config, task: Task) -> Scorer:
    """Item-item, BM25."""
    return _item_item(BM25Recommender, config, task)


def _apart(config: Config) -> tuple[Config, Weights]:
    options = dict(config)
    return options, options.pop("weights", "binary")


def _trained(
    model: BayesianPersonalizedRanking | LogisticMatrixFactorization, task: Task
) -> Scorer:
    with threadpool_limits(limits=1, user_api="blas"):
        model.fit(task.train_matrix(), show_progress=False)

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        places = task.case_train_row[rows]
        values = np.asarray(model.user_factors[places] @ model.item_factors.T)
        values[places < 0] = UNKNOWN
        return values

    return score


def _item_item(make: Callable[..., ItemItemRecommender], config: Config, task: Task) -> Scorer:
    options, weights = _apart(config)
    model = make(num_threads=1, **options)
    with warnings.catch_warnings():  # implicit warns of a conversion that it makes itself
        warnings.simplefilter("ignore")
        model.fit(task.train_matrix(weights), show_progress=False)
    history, similarity = task.history(weights), model.similarity

    def score(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        values = np.asarray((history[rows] @ similarity).toarray(), np.float32)
        values[values == 0] = UNKNOWN
        return values

    return score
