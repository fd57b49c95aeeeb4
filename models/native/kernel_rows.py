"""Machine code: the scores of one participant as a sum of rows of the models' arrays.

Models' arrays are of many shapes and mapped from files, so the code is given their addresses in one
table (see `saldopas.models.native.kernel`), is compiled once for all models, and copies nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic
from saldopas.features.requests import batch as requests
from saldopas.models.native.compiled import Compiler, inner, summing

entry = Compiler("kernel_[lr]*.py", Path(requests.__file__), nogil=True, error_model="numpy")

# columns of the table of parts: what each is, sizes, and addresses of arrays
KIND, N_ITEMS, WIDTH, FIRST_TOKEN, N_GROUPS, GIVEN = 0, 1, 2, 3, 4, 5
DENSE, ITEM_OF, ROW_OF, INDPTR, INDICES, DATA = 6, 7, 8, 9, 10, 11
HASHES, GROUPS, TOKEN_INDPTR, TOKEN_INDICES, TOTALS = 12, 13, 14, 15, 16
SHARE = 17
N_FIELDS = 18
# columns of its numbers
DECAY, NEWEST, TOKEN_WEIGHT, STRENGTH = 0, 1, 2, 3
N_NUMBERS = 4
# kinds
ROWS, SPARSE, STATIC, SHARES, SCORED = 0, 1, 2, 3, 4

SAFE_PRODUCT = 16  # lifts lie within 1e-9 .. 1e9, so that so many stay far inside of float64


def _pointer_to(element: Any) -> Any:
    @intrinsic
    def pointer(typingctx, address):  # type: ignore[no-untyped-def]
        def code(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(types.int64), code

    return pointer


to_float32 = _pointer_to(types.float32)
to_int32 = _pointer_to(types.int32)
to_uint32 = _pointer_to(types.uint32)  # of indices: that none is negative need not be looked at
to_int64 = _pointer_to(types.int64)
to_uint64 = _pointer_to(types.uint64)
to_float64 = _pointer_to(types.float64)
to_bool = _pointer_to(types.boolean)


@inner
def recency(numbers, age):  # type: ignore[no-untyped-def]
    """Weight of a purchase with `age` newer ones."""
    if age == 0:
        return np.float32(numbers[NEWEST])
    return np.float32(numbers[DECAY] ** age)


@inner
def add_row(total, weight, row):  # type: ignore[no-untyped-def]
    """total += weight * row."""
    for column in range(len(row)):
        total[column] += weight * row[column]


@inner
def add_four(total, weights, addresses, width):  # type: ignore[no-untyped-def]
    """total += the sum of four weighted rows, which are read side by side."""
    row_0 = carray(to_float32(addresses[0]), (width,))
    row_1 = carray(to_float32(addresses[1]), (width,))
    row_2 = carray(to_float32(addresses[2]), (width,))
    row_3 = carray(to_float32(addresses[3]), (width,))
    weight_0, weight_1, weight_2, weight_3 = weights[0], weights[1], weights[2], weights[3]
    for column in range(width):
        total[column] += (weight_0 * row_0[column] + weight_1 * row_1[column]) + (
            weight_2 * row_2[column] + weight_3 * row_3[column]
        )


@inner
def add_rows(scores, scratch, part, numbers, factor, found, ages, tokens):  # type: ignore[no-untyped-def]
    """Weighted rows of a dense (items and tokens, width) array, whose columns are some items."""
    width = part[WIDTH]
    first_token = part[FIRST_TOKEN]
    row_of = carray(to_int32(part[ROW_OF]), (part[N_ITEMS],))
    item_of = carray(to_uint32(part[ITEM_OF]), (width,))
    start, stride = part[DENSE], 4 * width
    total, _, addresses, weights = scratch
    n_rows = 0
    for place in range(len(found)):
        row = row_of[found[place]]
        if row >= 0:
            addresses[n_rows] = start + stride * row
            weights[n_rows] = factor * recency(numbers, ages[place])
            n_rows += 1
    for place in range(len(tokens)):
        addresses[n_rows] = start + stride * (first_token + tokens[place])
        weights[n_rows] = factor * np.float32(numbers[TOKEN_WEIGHT])
        n_rows += 1
    for column in range(width):
        total[column] = 0
    fours = n_rows - n_rows % 4
    for place in range(0, fours, 4):
        add_four(total, weights[place:], addresses[place:], width)
    for place in range(fours, n_rows):
        add_row(total, weights[place], carray(to_float32(addresses[place]), (width,)))
    for column in range(width):
        scores[item_of[column]] += total[column]


@inner
def add_sparse(scores, part, numbers, factor, found, ages):  # type: ignore[no-untyped-def]
    """Weighted rows of a sparse (n_items, n_items) matrix."""
    indptr = carray(to_int64(part[INDPTR]), (part[N_ITEMS] + 1,))
    indices = carray(to_uint32(part[INDICES]), (indptr[-1],))
    data = carray(to_float32(part[DATA]), (indptr[-1],))
    for place in range(len(found)):
        weight = factor * recency(numbers, ages[place])
        for entry in range(indptr[found[place]], indptr[found[place] + 1]):
            scores[indices[entry]] += weight * data[entry]


@inner
def add_shares(scores, prior, part, numbers, factor, tokens):  # type: ignore[no-untyped-def]
    """Shares among people of a profile, see `saldopas.models.recommenders.profile_popularity`."""
    n_items = part[N_ITEMS]
    share = carray(to_float32(part[SHARE]), (n_items,))
    for item in range(n_items):
        prior[item] = share[item]
    for place in range(0, len(tokens), 4):
        multiply(prior, part, tokens[place : place + 4])
        if place % SAFE_PRODUCT == SAFE_PRODUCT - 4:  # any factor: normalised below
            shrink = 1.0 / max(sum_of(prior[:n_items]), 1e-300)
            for item in range(n_items):
                prior[item] *= shrink
    total = sum_of(prior[:n_items])
    if total <= 0:
        return
    group = group_of(part, tokens)
    weight = factor / total
    if group < 0:
        for item in range(n_items):
            scores[item] += np.float32(weight * prior[item])
        return
    totals = carray(to_float32(part[TOTALS]), (part[N_GROUPS],))
    people = totals[group] + numbers[STRENGTH]
    weight *= numbers[STRENGTH] / people
    for item in range(n_items):
        scores[item] += np.float32(weight * prior[item])
    indptr = carray(to_int64(part[INDPTR]), (part[N_GROUPS] + 1,))
    indices = carray(to_int32(part[INDICES]), (indptr[-1],))
    data = carray(to_float32(part[DATA]), (indptr[-1],))
    for entry in range(indptr[group], indptr[group + 1]):
        scores[indices[entry]] += np.float32(factor * data[entry] / people)


@inner
def multiply(prior, part, tokens):  # type: ignore[no-untyped-def]
    """prior *= the lifts of at most four tokens, whose product float32 can hold."""
    n_items = part[N_ITEMS]
    start, stride = part[DENSE], 4 * n_items
    if len(tokens) == 4:
        lift_0 = carray(to_float32(start + stride * tokens[0]), (n_items,))
        lift_1 = carray(to_float32(start + stride * tokens[1]), (n_items,))
        lift_2 = carray(to_float32(start + stride * tokens[2]), (n_items,))
        lift_3 = carray(to_float32(start + stride * tokens[3]), (n_items,))
        for item in range(n_items):
            prior[item] *= (lift_0[item] * lift_1[item]) * (lift_2[item] * lift_3[item])
        return
    for token in tokens:
        lift = carray(to_float32(start + stride * token), (n_items,))
        for item in range(n_items):
            prior[item] *= lift[item]


@summing
def sum_of(values):  # type: ignore[no-untyped-def]
    """Their sum, in an order that the processor's vectors suggest: the same each time."""
    total = 0.0
    for place in range(len(values)):
        total += values[place]
    return total


@entry
def profile_hashes(indptr, indices):  # type: ignore[no-untyped-def]
    """(n_groups,) hash of each row of tokens."""
    hashes = np.empty(len(indptr) - 1, np.uint64)
    for group in range(len(hashes)):
        hashes[group] = profile_hash(indices[indptr[group] : indptr[group + 1]])
    return hashes


@inner
def profile_hash(tokens):  # type: ignore[no-untyped-def]
    """The same for the same tokens in any order (splitmix64 of each, added)."""
    total = np.uint64(len(tokens))
    for token in tokens:
        z = np.uint64(token + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        total += z ^ (z >> np.uint64(31))
    return total


@inner
def group_of(part, tokens):  # type: ignore[no-untyped-def]
    """The group with exactly these tokens, -1 where there is none or no token."""
    n_groups = part[N_GROUPS]
    if len(tokens) == 0 or n_groups == 0:
        return np.int64(-1)
    hashes = carray(to_uint64(part[HASHES]), (n_groups,))
    groups = carray(to_int64(part[GROUPS]), (n_groups,))
    indptr = carray(to_int64(part[TOKEN_INDPTR]), (n_groups + 1,))
    indices = carray(to_int32(part[TOKEN_INDICES]), (indptr[-1],))
    wanted = profile_hash(tokens)
    low, high = 0, n_groups
    while low < high:
        middle = (low + high) // 2
        if hashes[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    while low < n_groups and hashes[low] == wanted:
        group = groups[low]
        if same_tokens(indices[indptr[group] : indptr[group + 1]], tokens):
            return group
        low += 1
    return np.int64(-1)


@inner
def same_tokens(ours, theirs):  # type: ignore[no-untyped-def]
    """Whether two lists of distinct tokens hold the same."""
    if len(ours) != len(theirs):
        return False
    for token in theirs:
        missing = True
        for other in ours:
            if token == other:
                missing = False
        if missing:
            return False
    return True


@inner
def sum_parts(scores, scratch, parts, numbers, factors, given, known, tokens):  # type: ignore[no-untyped-def]
    """scores (n_items,) = the sum of the parts that have a factor, in their order.

    Args:
        scores: float32, receives the answer.
        scratch: see `scratch_of`.
        parts: (p, N_FIELDS); numbers: (p, N_NUMBERS); factors: (p,) float32.
        given: (g, n_items) float32 scores of models that the table cannot express.
        known: courses and ages of `known_items`; tokens: (t,) int32.
    """
    found, ages = known
    first = 0
    if len(parts) > 0 and parts[0, KIND] == STATIC:  # begins the sum, rather than zeros
        first, n_known = 1, parts[0, N_ITEMS]
        shares = carray(to_float32(parts[0, DENSE]), (n_known,))
        for item in range(n_known):
            scores[item] = factors[0] * shares[item]
        for item in range(n_known, len(scores)):
            scores[item] = 0
    else:
        for item in range(len(scores)):
            scores[item] = 0
    for place in range(first, len(parts)):
        factor = factors[place]
        if factor == 0:
            continue
        part = parts[place]
        kind = part[KIND]
        if kind == ROWS:
            add_rows(scores, scratch, part, numbers[place], factor, found, ages, tokens)
        elif kind == SPARSE:
            add_sparse(scores, part, numbers[place], factor, found, ages)
        elif kind == SHARES:
            add_shares(scores, scratch[1], part, numbers[place], factor, tokens)
        elif kind == STATIC:
            add_row(scores, factor, carray(to_float32(part[DENSE]), (part[N_ITEMS],)))
        else:
            add_row(scores, factor, given[part[GIVEN]])
