"""Reasons of a recommendation: the largest terms of its score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from saldopas.features.requests.batch import RequestBatch
from saldopas.models.explaining.evidence import Count, Evidence
from saldopas.models.policy.policy import Policy
from saldopas.models.recommenders.recommender import Term, terms_of

MAX_REASONS = 3
MIN_SHARE = 0.05  # of the positive terms; a smaller term belongs to `other`


@dataclass(frozen=True)
class Reason:
    """One term of the score of one course.

    Attributes:
        kind: as in `Term`, or `new`: predicted popularity of a course without a purchase;
            `explored`: the whole score of a course that was drawn instead of ranked; `other`: the
            sum of all smaller terms.
        ref: item index of the earlier course, token index, or -1.
        contribution: part of the score; the contributions of a course sum to its score.
        count: a count of people, where one may be cited.
    """

    kind: str
    ref: int
    contribution: float
    count: Count | None = None


def reasons_of(
    policy: Policy,
    evidence: Evidence,
    request: RequestBatch,
    items: NDArray[np.integer],
    places: NDArray[np.integer],
) -> list[list[Reason]]:
    """Give the reasons of the K courses in the answer to one request.

    Args:
        policy: the policy that answered.
        evidence: counts of the policy's training set.
        request: a batch of one.
        items: (K,) item indices.
        places: (K,) place in `policy.stages` of the stage that ranked each course.

    Returns:
        K lists, largest contribution first.
    """
    reasons: list[list[Reason]] = [[] for _ in items]
    for place in np.unique(places):
        chosen = np.flatnonzero(places == place)
        terms = stage_terms(policy, int(place), request, items[chosen])
        for column, k in enumerate(chosen):
            parts = [(term, float(term.values[column])) for term in terms]
            reasons[k] = _reasons_of_terms(parts, evidence, request, int(items[k]))
    return reasons


def stage_terms(
    policy: Policy, place: int, request: RequestBatch, items: NDArray[np.integer]
) -> list[Term]:
    """Split K scores of one stage into terms that sum to the scores at the request's balance.

    Args:
        policy: the policy that answered.
        place: place of the stage in `policy.stages`.
        request: a batch of one.
        items: (K,) item indices.
    """
    stage = policy.stages[place]
    known = items[items < stage.n_known] if stage.n_known is not None else items
    terms = []
    for term in terms_of(stage.model, stage.seen_by(request.participants), known):
        values = np.zeros(len(items))
        values[np.isin(items, known)] = term.values
        terms.append(Term(term.kind, term.ref, values))
    if policy.balance_fit is None or not request.has_balance[0]:
        return terms
    plain = np.sum([term.values for term in terms], axis=0) if terms else np.zeros(len(items))
    fitted = policy.balance_fit.applied(
        plain[None].astype(np.float32),
        policy.courses.price_rp[items],
        request.balance_rp,
        request.has_balance,
    )[0]
    return [*terms, Term("balance", -1, fitted - plain)]


def _reasons_of_terms(
    parts: list[tuple[Term, float]], evidence: Evidence, request: RequestBatch, item: int
) -> list[Reason]:
    """The largest positive terms, and the sum of all others as `other`."""
    sums: dict[tuple[str, int], float] = {}
    for term, value in parts:
        sums[term.kind, term.ref] = sums.get((term.kind, term.ref), 0.0) + value
    positive = sum(value for value in sums.values() if value > 0)
    order = sorted((key for key in sums if sums[key] > 0), key=lambda key: -sums[key])
    separate = [key for key in order[:MAX_REASONS] if sums[key] >= MIN_SHARE * positive]
    reasons = []
    for kind, ref in separate:
        unknown = kind == "popular" and not evidence.sold[item]
        count = _count(kind, ref, evidence, request, item)
        reasons.append(Reason("new" if unknown else kind, ref, sums[kind, ref], count))
    rest = sum(value for key, value in sums.items() if key not in separate)
    return [*reasons, Reason("other", -1, rest)] if rest else reasons


def _count(
    kind: str, ref: int, evidence: Evidence, request: RequestBatch, item: int
) -> Count | None:
    if kind == "history":
        return evidence.of_course(ref, item)
    if kind == "profile":
        return evidence.of_token(ref, item)
    if kind == "people":
        return evidence.of_profile(request.participants, item)
    if kind == "popular":
        return evidence.of_everybody(item)
    return None
