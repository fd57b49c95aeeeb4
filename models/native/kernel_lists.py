"""Machine code: the best of what is allowed, for each of B requests."""

from __future__ import annotations

import numpy as np
from numba import carray
from saldopas.features.requests.batch import BALANCE, COUNT, HAS_BALANCE
from saldopas.models.native.compiled import inner
from saldopas.models.native.kernel_largest import best
from saldopas.models.native.kernel_room import known_items, scratch_of
from saldopas.models.native.kernel_rows import (
    N_FIELDS,
    N_NUMBERS,
    entry,
    sum_parts,
    to_bool,
    to_float32,
    to_float64,
    to_int64,
)
from saldopas.models.native.kernel_rules import allow, ranked_values

# columns of the table of stages
SOURCE, FIRST_PART, END_PART, FIRST_LEVEL, END_LEVEL, N_KNOWN, FIRST_GIVEN = 0, 1, 2, 3, 4, 5, 6
SAME_SCORES = 7
N_STAGE_FIELDS = 8
# a plan: sizes (courses, stages, parts, levels, most parts, lifts), then addresses
N_SIZES = 6
# sources, as in `saldopas.models.policy.policy.SOURCES`
HISTORY, PROFILE = 0, 1


@inner
def lift_row(scores, price, limit, edges, lift):  # type: ignore[no-untyped-def]
    """Scores at a balance, see `saldopas.models.policy.balance_fit`."""
    for item in range(len(price)):
        band = 0
        while band < len(edges) and edges[band] * limit < price[item]:
            band += 1
        if scores[item] > 0:
            scores[item] *= lift[band]
        else:
            scores[item] /= lift[band]


@inner
def answers(stage, reads, n_events, n_tokens):  # type: ignore[no-untyped-def]
    """Whether a stage is asked: there is what it needs, and a model with a weight looks at it."""
    source = stage[SOURCE]
    if source > PROFILE:
        return True
    level = stage[FIRST_LEVEL] + min(n_events, stage[END_LEVEL] - stage[FIRST_LEVEL] - 1)
    return reads[level, source] and (n_events if source == HISTORY else n_tokens) > 0


@inner
def score_stage(stage, table, given, row, known, n_events, tokens, scratch, scores):  # type: ignore[no-untyped-def]
    """scores (n_items,) of a stage for one participant."""
    parts, numbers, factors, _ = table
    first, end = stage[FIRST_PART], stage[END_PART]
    level = stage[FIRST_LEVEL] + min(n_events, stage[END_LEVEL] - stage[FIRST_LEVEL] - 1)
    sum_parts(
        scores,
        scratch,
        parts[first:end],
        numbers[first:end],
        factors[level, : end - first],
        given[stage[FIRST_GIVEN] :, row],
        known,
        tokens,
    )


@inner
def unpacked(plan):  # type: ignore[no-untyped-def]
    """Stages, table, courses, and prices, edges and lift of a plan."""
    n_items, n_stages, n_parts = plan[0], plan[1], plan[2]
    n_levels, width, n_lift = plan[3], plan[4], plan[5]
    at = plan[N_SIZES:]
    stages = carray(to_int64(at[0]), (n_stages, N_STAGE_FIELDS))
    table = (
        carray(to_int64(at[1]), (n_parts, N_FIELDS)),
        carray(to_float64(at[2]), (n_parts, N_NUMBERS)),
        carray(to_float32(at[3]), (n_levels, width)),
        carray(to_bool(at[4]), (n_levels, 2)),
    )
    courses = (
        ranked_values(at, 5, n_items),
        ranked_values(at, 8, n_items),
        ranked_values(at, 11, n_items),
        ranked_values(at, 14, n_items),
        ranked_values(at, 17, n_items),
    )
    price = carray(to_int64(at[20]), (n_items,))
    edges = carray(to_float64(at[21]), (max(n_lift - 1, 0),))
    return stages, table, courses, (price, edges, carray(to_float32(at[22]), (n_lift,)))


@entry
def rank(  # type: ignore[no-untyped-def]
    plan,
    given,
    indptr,
    items,
    token_indptr,
    tokens,
    terms,
    owned_ptr,
    owned,
    excluded_ptr,
    excluded,
    ends,
    top_items,
    top_scores,
    sources,
):
    """The lists of B requests, see `saldopas.models.policy.policy.Policy`.

    One by one, since a tuple of arrays takes a quarter longer to hand over.

    Args:
        plan: (N_PLAN,) int64, all that stays the same, see `saldopas.models.native.kernel.Plan`.
        given: (g, B, n_known) float32, see `saldopas.models.native.kernel.Sums`.
        indptr, items, token_indptr, tokens: int64 and int32, what participants bought, and their
            profiles.
        terms, owned_ptr, owned, excluded_ptr, excluded: of each request, see `allow`.
        ends, top_items, top_scores, sources: receive the answer: (B + 1,) int64, and by listed
            course item int64, score float32 and source int8, as long as the lists may become.

    Returns:
        how many courses are listed.
    """
    rules = (terms, owned_ptr, owned, excluded_ptr, excluded)
    stages, table, courses, fit = unpacked(plan)
    price, edges, lift = fit
    n_items, n_rows = len(price), terms.shape[1]
    scores, folded, left, seen, (found, ages), scratch = scratch_of(n_items, indptr, token_indptr)
    ends[0] = end = 0
    for row in range(n_rows):
        allow(courses, rules, row, left)
        history = items[indptr[row] : indptr[row + 1]]
        own_tokens = tokens[token_indptr[row] : token_indptr[row + 1]]
        wanted = min(terms[COUNT, row], n_items)
        answered = False
        for place in range(len(stages)):
            stage = stages[place]
            is_last = place == len(stages) - 1
            if wanted <= 0:
                break
            if answered and stage[SAME_SCORES] and not is_last:
                continue  # what this model knows is listed already
            n_found, n_events = known_items(history, stage[N_KNOWN], seen, found, ages)
            answered = answers(stage, table[3], n_events, len(own_tokens))
            if not answered:
                continue
            known = (found[:n_found], ages[:n_found])
            score_stage(stage, table, given, row, known, n_events, own_tokens, scratch, scores)
            if terms[HAS_BALANCE, row] and len(lift) > 0:
                lift_row(scores, price, terms[BALANCE, row], edges, lift)
            top = slice(end, end + wanted)
            size = best(
                scores, left, wanted, is_last, (scratch[0], folded), top_scores[top], top_items[top]
            )
            for listed in range(end, end + size):
                sources[listed] = stage[SOURCE]
                left[top_items[listed]] = False
            end += size
            wanted -= size
        ends[row + 1] = end
    return end


@entry
def score(stage, table, given, people, n_items):  # type: ignore[no-untyped-def]
    """(B, n_items) float32 scores of one stage for B participants."""
    indptr, items, token_indptr, tokens = people
    n_rows = len(indptr) - 1
    scores = np.empty((n_rows, n_items), np.float32)
    _, _, _, seen, (found, ages), scratch = scratch_of(n_items, indptr, token_indptr)
    for row in range(n_rows):
        history = items[indptr[row] : indptr[row + 1]]
        n_found, n_events = known_items(history, stage[N_KNOWN], seen, found, ages)
        known = (found[:n_found], ages[:n_found])
        own_tokens = tokens[token_indptr[row] : token_indptr[row + 1]]
        score_stage(stage, table, given, row, known, n_events, own_tokens, scratch, scores[row])
    return scores


@entry
def allowed(plan, rules):  # type: ignore[no-untyped-def]
    """(B, n_items) bool, which courses each request may be answered with."""
    _, _, courses, _ = unpacked(plan)
    n_rows, n_items = rules[0].shape[1], plan[0]
    found = np.empty((n_rows, n_items), np.bool_)
    for row in range(n_rows):
        allow(courses, rules, row, found[row])
    return found


@entry
def lift_rows(scores, price, limits, limited, edges, lift):  # type: ignore[no-untyped-def]
    """`lift_row` of (B, n) scores in place, where there is a limit."""
    for row in range(len(limits)):
        if limited[row]:
            lift_row(scores[row], price, limits[row], edges, lift)
