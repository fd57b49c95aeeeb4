"""The compiled entries with their types: nothing is ever compiled by a request."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from numba import types
from saldopas.models.native import kernel_lists
from saldopas.models.native.compiled import let_bitcode_go
from saldopas.models.native.kernel_rows import entry

Entry = Callable[..., Any]


class MachineCode(NamedTuple):
    """Each function of `saldopas.models.native.kernel_lists` that Python calls."""

    rank: Entry
    score: Entry
    allowed: Entry
    lift_rows: Entry


@cache
def machine_code() -> MachineCode:
    """Compiled in this process, or read from disk: seconds the first time on a machine.

    Whoever loads an artifact replays its golden requests, and so is through with it.
    """
    signatures = {
        "rank": (INT64, GIVEN, *PEOPLE, *RULES, *LISTS),
        "score": (INT64, TABLE, GIVEN, PEOPLE, types.int64),
        "allowed": (INT64, RULES),
        "lift_rows": (types.float32[:, ::1], INT64, INT64, BOOL, FLOAT64, FLOAT32),
    }
    entries = {
        name: _of_one_signature(getattr(kernel_lists, name), signature)
        for name, signature in signatures.items()
    }
    entry.leave_mark()
    let_bitcode_go(*entries.values())
    return MachineCode(**entries)


def _of_one_signature(function: Any, signature: Any) -> Entry:
    function.compile(signature)
    function.disable_compile()
    entry: Entry = function
    return entry


def _read_only(element: Any, dimensions: int = 1) -> Any:
    """What may be written to is taken as well."""
    return types.Array(element, dimensions, "C", readonly=True)


INT64, INT32 = _read_only(types.int64), _read_only(types.int32)
FLOAT64, FLOAT32 = _read_only(types.float64), _read_only(types.float32)
BOOL = _read_only(types.boolean)
TABLE = types.Tuple(
    [
        _read_only(types.int64, 2),
        _read_only(types.float64, 2),
        _read_only(types.float32, 2),
        _read_only(types.boolean, 2),
    ]
)
GIVEN = _read_only(types.float32, 3)
PEOPLE = types.Tuple([INT64, INT32, INT64, INT32])
LISTS = (types.int64[::1], types.int64[::1], types.float32[::1], types.int8[::1])
TERMS = _read_only(types.int64, 2)
RULES = types.Tuple([TERMS, INT64, INT32, INT64, INT32])
