"""Cuts of the project as neutral tasks: `features.splits.split` decides, nobody splits again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.policy import Policy

from benchmarks.quality.task import Task

CELLS_A_BLOCK = 50_000_000


def task_of(data: IndexedDataset, cut: Cut) -> Task:
    """The training purchases and decisions of `cut`, with the candidates that `Policy` allows."""
    requests = cut.requests(data, count=1)
    rules = Policy((), data.courses)
    n_items = data.courses.n_items
    size = max(1, CELLS_A_BLOCK // n_items)
    blocks = [
        np.packbits(rules.allowed(requests.take(rows)).allowed, axis=1)
        for start in range(0, requests.n_rows, size)
        for rows in [np.arange(start, min(start + size, requests.n_rows))]
    ]
    train, asked = cut.train.participants.sequence, requests.participants.sequence
    return Task(
        train_indptr=train.indptr,
        train_item=train.item_idx,
        case_indptr=asked.indptr,
        case_item=asked.item_idx,
        case_train_row=_train_rows(data, cut)[cut.cases.row],
        participant=cut.cases.row,
        allowed_bits=np.concatenate(blocks),
        target_indptr=cut.cases.targets.indptr.astype(np.int64),
        target_item=cut.cases.targets.indices.astype(np.int32),
        n_items=np.array([n_items], np.int64),
    )


def _train_rows(data: IndexedDataset, cut: Cut) -> NDArray[np.int64]:
    """(P,) each participant's row in the training set, -1 where not there."""
    if cut.method == "by-date":
        inside = (data.seen_before(cut.train.as_of_s) > 0) & ~data.opted_out
    else:
        inside = (data.events.lengths > 0) & ~data.opted_out
    if inside.sum() != cut.train.participants.n_rows:
        raise ValueError(f"{cut.method}: who is in the training set is not known here")
    return np.where(inside, np.cumsum(inside) - 1, -1)
