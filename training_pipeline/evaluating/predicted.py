"""Which purchases are predicted: by which balance, and how many are not, for what reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from saldopas.training_pipeline.evaluating.decisions import Decisions

REASONS = {
    "cancelled": "cancelled",
    "opted_out": "of participants who opted out",
    "bought_before": "of a course bought before",
    "not_on_sale": "of a course not on sale at the moment",
    "not_eligible": "of a course whose least age or education is not surely reached",
    "above_balance": "of a course priced above the balance",
    "not_drawn": "beyond the most that are looked at",
}


def predicted(decisions: Decisions) -> dict[str, Any]:
    """For `--json`.

    `balances` counts decisions: `known`, `proxy` (no balance is known; what was spent in the
    period stands for it), `no_limit`. `predicted_purchases` and `left_out` count purchases and
    together are all of the period.
    """
    cases = decisions.cut.cases
    return {
        "balances": {
            "known": int((cases.has_balance & ~cases.proxy).sum()),
            "proxy": int(cases.proxy.sum()),
            "no_limit": int((~cases.has_balance).sum()),
        },
        "predicted_purchases": int(cases.targets.nnz),
        "left_out": asdict(cases.left_out),
    }


def predicted_lines(decisions: Decisions) -> Iterator[str]:
    """The same for people."""
    found = predicted(decisions)
    balances = found["balances"]
    yield (
        f"Balance: known at {balances['known']:,} decisions, a proxy (what was spent in the "
        f"period) at {balances['proxy']:,}, no limit at {balances['no_limit']:,}."
    )
    left_out = {name: count for name, count in found["left_out"].items() if count}
    if left_out:
        total = found["predicted_purchases"] + sum(left_out.values())
        reasons = ", ".join(f"{count:,} {REASONS[name]}" for name, count in left_out.items())
        yield f"Of {total:,} purchases in the period these are not predicted: {reasons}."
