"""Golden requests: stored requests whose answers verify an artifact when it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.errors import ArtifactError
from saldopas.features.requests.batch import Request, RequestBatch, batch_of
from saldopas.features.requests.participants import KnownParticipant
from saldopas.models.policy.policy import Policy, Recommendations

GOLDEN = "golden.json"
N_REQUESTS = 12
N_COURSES = 10
MAX_RELATIVE_DIFFERENCE = 1e-4  # of a score; processors round the last bits differently


def golden_requests(
    policy: Policy, vocabulary: ProfileVocabulary, *, as_of_s: int, seed: int
) -> list[dict[str, Any]]:
    """Make requests of invented people: 0 to 3 courses, a token a column, a course's price."""
    rng = np.random.default_rng(seed)
    prices = np.sort(policy.courses.price_rp)
    columns = vocabulary.column_of_token
    requests = []
    for place in range(N_REQUESTS):
        size = min(place % 4, policy.courses.n_items)
        tokens = [
            int(rng.choice(np.flatnonzero(columns == column)))
            for column in range(len(vocabulary.columns))
            if place % 3 and (columns == column).any()
        ]
        requests.append(
            {
                "history": rng.permutation(policy.courses.n_items)[:size].tolist(),
                "tokens": tokens,
                "limit": int(prices[rng.integers(len(prices))]),
                "as_of_s": as_of_s,
            }
        )
    return requests


def as_batch(requests: list[dict[str, Any]], *, n_items: int, n_tokens: int) -> RequestBatch:
    """Convert golden requests to a batch."""
    asked = [
        Request(
            KnownParticipant(
                history=request["history"],
                tokens=request["tokens"],
                owned=request["history"],
                balance_rp=request["limit"],
            ),
            as_of_s=request["as_of_s"],
            count=N_COURSES,
        )
        for request in requests
    ]
    return batch_of(asked, n_items=n_items, n_tokens=n_tokens)


def write_golden(
    path: Path, policy: Policy, vocabulary: ProfileVocabulary, *, as_of_s: int, seed: int
) -> None:
    """Write golden requests with the answers of `policy`."""
    requests = golden_requests(policy, vocabulary, as_of_s=as_of_s, seed=seed)
    answers = _answers(policy, requests, vocabulary)
    cases = [
        {**request, "items": answers.item_idx[rows].tolist(), "scores": _floats(answers, rows)}
        for request, rows in zip(requests, map(answers.row, range(len(requests))), strict=True)
    ]
    path.write_text(json.dumps(cases, indent=1), "utf-8")


def replay_golden(path: Path, policy: Policy, vocabulary: ProfileVocabulary) -> None:
    """Answer the golden requests and compare with the stored answers.

    Raises:
        ArtifactError: an order differs, or a score by more than `MAX_RELATIVE_DIFFERENCE`.
    """
    cases = json.loads(path.read_text("utf-8"))
    answers = _answers(policy, cases, vocabulary)
    for place, case in enumerate(cases):
        rows = answers.row(place)
        items: NDArray[np.int64] = np.array(case["items"], np.int64)
        scores = np.array(case["scores"], np.float32)
        same = np.array_equal(answers.item_idx[rows], items) and np.allclose(
            answers.scores[rows], scores, rtol=MAX_RELATIVE_DIFFERENCE, atol=1e-7
        )
        if not same:
            raise ArtifactError(
                f"golden request {place + 1} of {len(cases)} is answered differently from when "
                "the artifact was written; train it again with the versions installed here"
            )


def _answers(
    policy: Policy, requests: list[dict[str, Any]], vocabulary: ProfileVocabulary
) -> Recommendations:
    batch = as_batch(requests, n_items=policy.courses.n_items, n_tokens=vocabulary.n_tokens)
    return policy.recommend(batch)


def _floats(answers: Recommendations, rows: slice) -> list[float]:
    return [float(score) for score in answers.scores[rows]]
