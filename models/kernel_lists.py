"""Machine code: the best of what is allowed, for each of B requests."""

from __future__ import annotations

import numpy as np
from numba import carray

from models.compiled import inner
from models.kernel_rows import (
    N_FIELDS,
    N_NUMBERS,
    entry,
    known_items,
    sum_parts,
    to_bool,
    to_float32,
    to_float64,
    to_int64,
)
from models.kernel_rules import allow, ranked_values

# columns of the table of stages
SOURCE, FIRST_PART, END_PART, FIRST_LEVEL, END_LEVEL, N_KNOWN, FIRST_GIVEN = 0, 1, 2, 3, 4, 5, 6
SAME_SCORES = 7
N_STAGE_FIELDS = 8
# a plan: sizes (courses, stages, parts, levels, most parts, lifts), then addresses
N_SIZES = 6
# sources, as in `models.policy.SOURCES`
HISTORY, PROFILE = 0, 1
BLOCK = 32


@inner
def lift_row(scores, price, limit, edges, lift):  # type: ignore[no-untyped-def]
    """Scores at a balance, see `models.balance_fit`."""
    for item in range(len(price)):
        band = 0
        while band < len(edges) and edges[band] * limit < price[item]:
            band += 1
        if scores[item] > 0:
            scores[item] *= lift[band]
        else:
            scores[item] /= lift[band]


@inner
def worse(score, item, other_score, other_item):  # type: ignore[no-untyped-def]
    """Whether a course comes after the other: by score, ties by course order."""
    return score < other_score or (score == other_score and item > other_item)


@inner
def sift_down(scores, items, place, size):  # type: ignore[no-untyped-def]
    """Mends a heap with the worst on top after its entry at `place` became better."""
    score, item = scores[place], items[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        right = child + 1
        if right < size and worse(scores[right], items[right], scores[child], items[child]):
            child = right
        if not worse(scores[child], items[child], score, item):
            break
        scores[place], items[place] = scores[child], items[child]
        place = child
    scores[place], items[place] = score, item


@inner
def any_above(scores, worst):  # type: ignore[no-untyped-def]
    """Whether one of the scores is better."""
    found = np.int32(0)
    for place in range(len(scores)):
        found |= np.int32(scores[place] > worst)
    return found != 0


@inner
def best(scores, left, count, zeros, ranked, top_scores, top_items):  # type: ignore[no-untyped-def]
    """The best `count` courses that are left, best first; a score of 0 counts where `zeros`.

    A heap of the best so far: since courses come in order, a tie with its worst is worse. What is
    out of the question is below every score in the scratch `ranked` (n_items,), so one comparison
    a course is enough, many at a time: hardly ever holds one of a block.

    Returns:
        how many there are; `top_scores` and `top_items` (count,) receive them.
    """
    size = 0
    worst = np.float32(-np.inf)
    for item in range(len(scores)):
        usable = left[item] & (zeros | (scores[item] != 0))
        ranked[item] = scores[item] if usable else worst
    for start in range(0, len(scores), BLOCK):
        end = min(start + BLOCK, len(scores))
        if not any_above(ranked[start:end], worst):
            continue
        for item in range(start, end):
            score = ranked[item]
            if score <= worst:
                continue
            if size < count:
                top_scores[size], top_items[size] = score, item
                size += 1
                if size == count:
                    for place in range(count // 2 - 1, -1, -1):
                        sift_down(top_scores, top_items, place, count)
                    worst = top_scores[0]
            else:
                top_scores[0], top_items[0] = score, item
                sift_down(top_scores, top_items, 0, count)
                worst = top_scores[0]
    if size < count:
        for place in range(size // 2 - 1, -1, -1):
            sift_down(top_scores, top_items, place, size)
    for end in range(size - 1, 0, -1):  # the worst goes to the end
        top_scores[0], top_scores[end] = top_scores[end], top_scores[0]
        top_items[0], top_items[end] = top_items[end], top_items[0]
        sift_down(top_scores, top_items, 0, end)
    return size


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
    total, prior = scratch
    first, end = stage[FIRST_PART], stage[END_PART]
    level = stage[FIRST_LEVEL] + min(n_events, stage[END_LEVEL] - stage[FIRST_LEVEL] - 1)
    sum_parts(
        scores,
        total,
        prior,
        parts[first:end],
        numbers[first:end],
        factors[level, : end - first],
        given[stage[FIRST_GIVEN] :, row],
        known,
        tokens,
    )


@inner
def longest_of(indptr):  # type: ignore[no-untyped-def]
    """How long the longest row is."""
    longest = np.int64(0)
    for row in range(len(indptr) - 1):
        longest = max(longest, indptr[row + 1] - indptr[row])
    return longest


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
def rank(plan, given, people, rules, lists):  # type: ignore[no-untyped-def]
    """The lists of B requests, see `models.policy.Policy`.

    Args:
        plan: (N_PLAN,) int64, all that stays the same, see `models.kernel.Plan`; each array that
            Python hands over costs a tenth of a microsecond.
        given: (g, B, n_known) float32, see `models.kernel.Sums`.
        people: indptr int64, items int32, and the same of tokens.
        rules: of each request, see `allow`.
        lists: receive the answer: indptr (B + 1,) int64, and by listed course item int64, score
            float32 and source int8, as long as the lists may become.

    Returns:
        how many courses are listed.
    """
    indptr, items, token_indptr, tokens = people
    limits, limited, counts = rules[0], rules[1], rules[5]
    stages, table, courses, fit = unpacked(plan)
    price, edges, lift = fit
    n_items, n_rows = len(price), len(limits)
    scores, total = np.empty(n_items, np.float32), np.empty(n_items, np.float32)
    prior, left = np.empty(n_items, np.float64), np.empty(n_items, np.bool_)
    seen, longest = np.zeros(n_items, np.bool_), longest_of(indptr)
    found, ages = np.empty(longest, np.int32), np.empty(longest, np.int64)
    ends, top_items, top_scores, sources = lists
    ends[0] = end = 0
    for row in range(n_rows):
        allow(courses, rules, row, left)
        history = items[indptr[row] : indptr[row + 1]]
        own_tokens = tokens[token_indptr[row] : token_indptr[row + 1]]
        wanted = min(counts[row], n_items)
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
            score_stage(
                stage, table, given, row, known, n_events, own_tokens, (total, prior), scores
            )
            if limited[row] and len(lift) > 0:
                lift_row(scores, price, limits[row], edges, lift)
            top = slice(end, end + wanted)
            size = best(scores, left, wanted, is_last, total, top_scores[top], top_items[top])
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
    total, prior = np.empty(n_items, np.float32), np.empty(n_items, np.float64)
    seen, longest = np.zeros(n_items, np.bool_), longest_of(indptr)
    found, ages = np.empty(longest, np.int32), np.empty(longest, np.int64)
    for row in range(n_rows):
        history = items[indptr[row] : indptr[row + 1]]
        n_found, n_events = known_items(history, stage[N_KNOWN], seen, found, ages)
        known = (found[:n_found], ages[:n_found])
        own_tokens = tokens[token_indptr[row] : token_indptr[row + 1]]
        score_stage(
            stage, table, given, row, known, n_events, own_tokens, (total, prior), scores[row]
        )
    return scores


@entry
def allowed(plan, rules):  # type: ignore[no-untyped-def]
    """(B, n_items) bool, which courses each request may be answered with."""
    _, _, courses, _ = unpacked(plan)
    n_rows, n_items = len(rules[0]), plan[0]
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
