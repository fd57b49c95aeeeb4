"""Machine code: the room that lists are worked out in, and histories without repeats."""

from __future__ import annotations

import numpy as np
from saldopas.models.native.compiled import inner


@inner
def longest_of(indptr):  # type: ignore[no-untyped-def]
    """How long the longest row is."""
    longest = np.int64(0)
    for row in range(len(indptr) - 1):
        longest = max(longest, indptr[row + 1] - indptr[row])
    return longest


@inner
def scratch_of(n_items, indptr, token_indptr):  # type: ignore[no-untyped-def]
    """What the lists of any of these participants are worked out in, got from the system at once.

    Returns:
        scores, folded: (n_items,) float32; left: (n_items,) bool; seen: the same, False; found,
        ages: int64, see `known_items`; and for `sum_parts` total (n_items,) float32, prior
        (n_items,) float64, addresses int64 and weights float32.
    """
    longest = longest_of(indptr)
    most = longest + longest_of(token_indptr)
    singles, flags = n_items // 2 + 1, n_items // 8 + 1  # words that such arrays take
    words = np.empty(3 * singles + 2 * flags + n_items + 2 * longest + 2 * most, np.int64)
    scores, words = words[:singles].view(np.float32)[:n_items], words[singles:]
    folded, words = words[:singles].view(np.float32)[:n_items], words[singles:]
    total, words = words[:singles].view(np.float32)[:n_items], words[singles:]
    left, words = words[:flags].view(np.bool_)[:n_items], words[flags:]
    seen, words = words[:flags].view(np.bool_)[:n_items], words[flags:]
    prior, words = words[:n_items].view(np.float64), words[n_items:]
    found, words = words[:longest], words[longest:]
    ages, words = words[:longest], words[longest:]
    addresses, weights = words[:most], words[most:].view(np.float32)
    for item in range(n_items):
        seen[item] = False
    return scores, folded, left, seen, (found, ages), (total, prior, addresses, weights)


@inner
def known_items(items, n_items, seen, found, ages):  # type: ignore[no-untyped-def]
    """How many courses a history holds, newest first, each once, with how many events are newer.

    Events of courses from `n_items` on are no events. `seen` (False everywhere, and so again
    afterwards) is (n_items,) scratch; `found` and `ages` receive the answer.

    Returns:
        how many are found, and how many events the history has.
    """
    n_found, age = 0, 0
    for event in range(len(items) - 1, -1, -1):
        item = items[event]
        if item >= n_items:
            continue
        if not seen[item]:
            seen[item] = True
            found[n_found] = item
            ages[n_found] = age
            n_found += 1
        age += 1
    for place in range(n_found):
        seen[found[place]] = False
    return n_found, age
