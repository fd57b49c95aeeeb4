"""`python -m benchmarks.quality`: the whole path on a small sample, and its parts by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from saldopas.features.encoding.batch import ParticipantBatch, TrainingSet
from saldopas.models.policy.policy import Policy, Stage

from benchmarks.quality.__main__ import options_of
from benchmarks.quality.export import task_of
from benchmarks.quality.lists import UNKNOWN, top_lists
from benchmarks.quality.peers import PEERS, Peer
from benchmarks.quality.peers.plain import ease, popularity
from benchmarks.quality.pool import Workers
from benchmarks.quality.results import Entry, padded, summarise
from benchmarks.quality.rows import Budget, Tasks, rows_of_peer
from benchmarks.quality.run import run
from benchmarks.quality.task import Task
from benchmarks.quality.tune import best_of, coordinate_search
from tests.made import checkerboard
from tests.small_world import SmallWorld

HERE = [peer for peer in PEERS if peer.family in ("plain", "implicit") and peer.lines]


def make_task(
    train: list[list[int]],
    cases: list[list[int]],
    targets: list[list[int]],
    n_items: int,
    *,
    forbidden: list[list[int]] | None = None,
) -> Task:
    """Decisions of the first in `train`; candidates are all but history and forbidden."""
    allowed = np.ones((len(cases), n_items), bool)
    for row, gone in enumerate(cases):
        allowed[row, gone + (forbidden[row] if forbidden else [])] = False

    def ragged(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return indptr, np.array([item for row in rows for item in row], np.int32)

    return Task(
        *ragged(train),
        *ragged(cases),
        case_train_row=np.arange(len(cases)),
        participant=np.arange(len(cases)),
        allowed_bits=np.packbits(allowed, axis=1),
        target_indptr=ragged(targets)[0],
        target_item=ragged(targets)[1],
        n_items=np.array([n_items]),
    )


def test_lists_keep_to_the_candidates_and_fill_up_by_popularity() -> None:
    # items 3 and 1 were bought most; item 5 never was
    train = [[3, 1, 0], [3, 1, 2], [3, 4]]
    task = make_task(train, [[0], []], [[1], [1]], 6, forbidden=[[4], [4]])
    scores = np.array([[9.0, UNKNOWN, -7.0, UNKNOWN, 8.0, 9.0]] * 2)
    found = top_lists(task, lambda rows: scores[rows])
    # 0 is owned and 4 forbidden: 2 is all that is known, then popularity; 5 was never sold
    assert found[0, :5].tolist() == [2, 3, 1, 5, -1]
    # without a history nothing is known: popularity, ties by item order
    assert found[1, :6].tolist() == [3, 1, 0, 2, 5, -1]


def test_ease_is_the_formula_of_its_paper() -> None:
    rng = np.random.default_rng(0)
    X = (rng.random((40, 7)) < 0.4).astype(float)
    rows = [np.flatnonzero(row).tolist() for row in X]
    task = make_task(rows, rows, rows, 7)
    P = np.linalg.inv(X.T @ X + 5.0 * np.eye(7))
    W = -P / np.diag(P)
    np.fill_diagonal(W, 0)
    some = np.flatnonzero(X.sum(axis=1) > 0)
    assert ease({"l2": 5.0}, task)(some) == pytest.approx((X @ W)[some], abs=1e-5)


class Counted:
    """How often each course was bought."""

    uses = frozenset[str]()

    def __init__(self, train: TrainingSet) -> None:
        items = train.participants.sequence.item_idx
        self.counts = np.bincount(items, minlength=train.n_items).astype(np.float32)

    def score(self, batch: ParticipantBatch) -> np.ndarray:
        return np.tile(self.counts, (batch.n_rows, 1))


def test_lists_of_the_neutral_file_are_those_of_the_policy(small_world: SmallWorld) -> None:
    """Candidates and training purchases are those of the cut, ties are broken alike."""
    cut = small_world.cuts[1]
    policy = Policy((Stage("popular", Counted(cut.train)),), small_world.data.courses)
    expected = padded(policy.recommend(cut.requests(small_world.data, count=20)), 20)
    task = task_of(small_world.data, cut)
    assert np.array_equal(top_lists(task, popularity({}, task)), expected)


def test_a_decision_finds_its_own_training_row(small_world: SmallWorld) -> None:
    cut = small_world.cuts[1]
    task = task_of(small_world.data, cut)
    matrix = cut.train.participants.sequence
    known = np.flatnonzero(task.case_train_row >= 0)
    assert 0 < len(known) < task.n_cases
    for case in known:
        row = task.case_train_row[case]
        trained = matrix.item_idx[matrix.indptr[row] : matrix.indptr[row + 1]]
        history = task.case_item[task.case_indptr[case] : task.case_indptr[case + 1]]
        assert history[: len(trained)].tolist() == trained.tolist()


def test_coordinate_search_starts_from_the_defaults_and_keeps_to_its_budget() -> None:
    def value(config: dict[str, float]) -> float | None:
        if config.get("b") == 9:
            return None
        return -abs(config.get("a", 0) - 2) - abs(config.get("b", 0) - 1)

    lines = (("a", (1, 2, 3)), ("b", (1, 9)))
    tried = coordinate_search(lines, value, tries=50)
    assert tried[0].config == {}
    assert best_of(tried).config == {"a": 2, "b": 1}
    assert len(tried) < 50
    assert len(coordinate_search(lines, value, tries=3)) == 3
    assert len(coordinate_search(lines, value, tries=50, spent=lambda: True)) == 1


@pytest.fixture(scope="module")
def checkered() -> tuple[Task, np.ndarray]:
    rows = checkerboard(side=40)
    histories = [row[:3] for row in rows]
    targets = [row[3:] for row in rows]
    parity = np.arange(len(rows)) % 2
    return make_task(rows, histories, targets, 40), parity


@pytest.mark.parametrize("peer", HERE, ids=lambda peer: peer.name)
def test_every_peer_finds_the_checkerboard(
    peer: Peer, checkered: tuple[Task, np.ndarray], tmp_path: Path
) -> None:
    task, parity = checkered
    task.write(tmp_path / "task.npz")
    config = {"iterations": 60, "learning_rate": 0.1} if peer.name == "implicit BPR" else {}
    with Workers(sys.executable, None, tmp_path) as workers:
        lists, _ = workers.lists(peer, config, tmp_path / "task.npz")
    right = lists[:, :10] % 2 == parity[:, None]
    assert right.mean() > 0.8  # by chance about half; LMF is the weakest


def test_a_peer_that_fails_is_named_with_its_reason(
    checkered: tuple[Task, np.ndarray], tmp_path: Path
) -> None:
    task, _ = checkered
    task.write(tmp_path / "task.npz")
    place = (tmp_path / "task.npz", task)
    tasks = Tasks((place,), place, np.zeros(task.n_cases, bool))
    known = next(peer for peer in PEERS if peer.name == "implicit cosine")
    peer = Peer(known.name, known.family, known.fit, (("K", (5,)), ("nonsense", (1,))))
    with Workers(sys.executable, None, tmp_path) as workers:
        rows, errors = rows_of_peer(peer, tasks, workers, budget=Budget(10, 300.0))
    assert (rows[0].variant, rows[0].facts["tries"]) == ("default", 1)
    assert "nonsense" not in rows[1].facts["config"]
    assert errors
    assert "nonsense" in errors[0]["name"]
    assert "nonsense" in errors[0]["error"]


def test_differences_are_paired_and_against_the_best_in_hindsight() -> None:
    targets = [[1], [2], [3], [0]] * 30
    task = make_task([[0, 1, 2, 3]] * 3, [[]] * 120, targets, 4)
    # ours is right in 3 of 4, the first peer in 1 of 4, the second in 2 of 4
    answers = {
        "ours": [1, 2, 3, 3],
        "popularity": [0, 0, 0, 3],
        "first": [1, 1, 1, 1],
        "second": [1, 2, 2, 2],
    }
    families = ["ours", "popularity", "implicit", "implicit"]
    entries = [
        Entry(name, family, "tuned", np.array([[a] for a in first * 30], np.int32), {})
        for (name, first), family in zip(answers.items(), families, strict=True)
    ]
    found = summarise(entries, task, ("hit@10",), np.zeros(120, bool))
    best = {one["against"]: one for one in found["comparisons"]}
    assert best["best tuned implicit"]["opponent"] == "second, tuned"
    assert best["best tuned implicit"]["mean"] == 0.25
    assert best["best tuned implicit"]["p"] < 0.001
    assert best["best tuned implicit"]["p_bootstrap"] == 1 / 10_000
    assert best["popularity"]["mean"] == 0.75
    figure = found["models"][0]["metrics"]["warm"]["hit@10"]
    assert figure["low"] < figure["mean"] == 0.75 < figure["high"]


@pytest.mark.slow
def test_the_whole_path_on_a_small_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        options_of(["--small", "--tries", "2", "--peers", "implicit,plain", "--out", str(tmp_path)])
    )
    result = json.loads((tmp_path / "sample-1-small.json").read_text())
    assert result["processor_s_a_peer"] == result["ours"]["processor_s"]
    names = {(model["name"], model["variant"]) for model in result["models"]}
    assert ("ours", "chosen") in names
    assert {(peer.name, variant) for peer in HERE for variant in ("default", "tuned")} <= names
    assert result["failed"] == []
    for model in result["models"]:
        for group in ("warm", "new"):
            for figure in model["metrics"][group].values():
                assert 0 <= figure["low"] <= figure["mean"] <= figure["high"] <= 1
    against = {(one["group"], one["against"]) for one in result["comparisons"]}
    # nobody but ours has anything to say to people without a history
    assert ("warm", "best tuned implicit") in against
    assert ("new", "best tuned implicit") not in against
    assert all(0 <= one["p"] <= one["p_holm"] <= 1 for one in result["comparisons"])
    assert "| **ours** |" in capsys.readouterr().out
