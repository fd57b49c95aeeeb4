"""Machine code: the best few of many scores, ties by course order."""

from __future__ import annotations

import numpy as np
from saldopas.models.native.compiled import inner

BLOCK = 64
LANES = 32


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
def raise_to(scores, others):  # type: ignore[no-untyped-def]
    """scores = the greater of both, each."""
    for place in range(len(others)):
        other = others[place]
        scores[place] = other if other > scores[place] else scores[place]


@inner
def sure_score(ranked, count, folded):  # type: ignore[no-untyped-def]
    """A score that `count` courses reach, not far from the worst of the best; -inf where unsure.

    Courses are dealt out to lanes, as cards are. The best of each lane are as many courses, so at
    least `count` reach the `count`-th of them. `folded` (n_items,) is scratch.
    """
    size = len(ranked) // LANES * LANES
    if size == 0 or count > LANES:
        return np.float32(-np.inf)
    half = size // (2 * LANES) * LANES
    upper = ranked[half:size]
    for place in range(len(upper)):
        one, other = ranked[place], upper[place]
        folded[place] = other if other > one else one
    size -= half
    while size > LANES:
        half = size // (2 * LANES) * LANES
        raise_to(folded[:half], folded[size - half : size])
        size -= half
    size = 0
    for lane in range(LANES):  # the best in order, where lanes that were looked at lay
        score = folded[lane]
        if size < count:
            size += 1
        elif score <= folded[size - 1]:
            continue
        place = size - 1
        while place > 0 and folded[place - 1] < score:
            folded[place] = folded[place - 1]
            place -= 1
        folded[place] = score
    return folded[count - 1]


@inner
def best(scores, left, count, zeros, scratch, top_scores, top_items):  # type: ignore[no-untyped-def]
    """The best `count` courses that are left, best first; a score of 0 counts where `zeros`.

    A heap of the best so far: since courses come in order, a tie with its worst is worse. What is
    out of the question is below every score in `ranked`, so one comparison a course is enough, many
    at a time: hardly ever holds one of a block. The scratch is two of (n_items,) float32.

    Returns:
        how many there are; `top_scores` and `top_items` (count,) receive them.
    """
    ranked, folded = scratch
    nothing = np.float32(-np.inf)
    for item in range(len(scores)):
        usable = left[item] & (zeros | (scores[item] != 0))
        ranked[item] = scores[item] if usable else nothing
    size = 0
    worst = np.nextafter(sure_score(ranked, count, folded), nothing)
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
