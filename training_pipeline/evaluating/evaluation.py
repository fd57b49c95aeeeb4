"""How good a policy is at past decisions, and when one ranking is clearly better than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.cases import Cases
from saldopas.features.splits.split import Cut
from saldopas.models.policy.policy import Policy, Recommendations, Stage
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS
from saldopas.training_pipeline.evaluating.groups import shown_groups
from saldopas.training_pipeline.evaluating.metrics import (
    case_metrics,
    coverage,
    first_places,
    hits_of,
    ndcg_of_each,
)

MAIN_METRIC = "ndcg@10"
CHOSEN, POPULAR = "chosen", "popularity"
CUTOFF = 10  # of the metric that is chosen by: `evaluation.MAIN_METRIC`
ERRORS = 2.0  # standard errors that a clear difference is above zero


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one policy on one cut.

    Attributes:
        cut, method, protocol: how purchases were held out.
        cases: one row a decision: `seen` (earlier purchases), `n_targets`, `participant` (row of
            the dataset), `balance_rp` (missing where no limit is known), and every metric, whose
            names hold an `@`.
        lists: what the policy answered, aligned with `cases`.
        coverage: share of the catalogue in the first k places, by k.
    """

    cut: str
    method: str
    protocol: str
    cases: pd.DataFrame
    lists: Recommendations
    coverage: dict[int, float]

    @property
    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """Which decisions are of whom; `warm` have a purchase, `new` have none."""
        new = (self.cases["seen"] == 0).to_numpy()
        return {"all": np.ones(len(new), bool), "warm": ~new, "new": new}

    def mean(self, metric: str, group: str = "all") -> float | None:
        """Mean over the decisions of a group, None where it has none."""
        values = self.cases[metric].to_numpy()[self.groups[group]]
        return float(values.mean()) if len(values) else None

    def shown(self, *, min_people: int) -> dict[str, NDArray[np.bool_]]:
        """`all`, and those of the other groups that are large enough to be told of."""
        groups = self.groups
        known, _ = shown_groups(
            groups["new"].astype(int), self.cases["participant"].to_numpy(), min_people=min_people
        )
        return {"all": groups["all"]} | {
            name: groups[name] for name in (("warm", "new")[place] for place in known)
        }

    def metrics(self, *, min_people: int) -> dict[str, float]:
        """Flat `group/metric` means of `shown`, and `all/coverage@k`."""
        names = [name for name in self.cases.columns if "@" in name]
        flat = {
            f"{group}/{name}": value
            for group in self.shown(min_people=min_people)
            for name in names
            if (value := self.mean(name, group)) is not None
        }
        return flat | {f"all/coverage@{k}": value for k, value in self.coverage.items()}

    def summary(self, *, min_people: int) -> dict[str, Any]:
        """For `--json`: cut, counts and metrics by group of `shown`."""
        groups = {}
        means = self.metrics(min_people=min_people)
        for group, chosen in self.shown(min_people=min_people).items():
            prefix = f"{group}/"
            own = {
                name.removeprefix(prefix): value
                for name, value in means.items()
                if name.startswith(prefix)
            }
            groups[group] = {"cases": int(chosen.sum()), "metrics": own}
        return {
            "cut": self.cut,
            "method": self.method,
            "protocol": self.protocol,
            "groups": groups,
        }


def evaluate_policy(policy: Policy, data: IndexedDataset, cut: Cut) -> Evaluation:
    """Ask `policy` what it would have answered at each decision of `cut`, and look."""
    lists = policy.recommend(cut.requests(data, count=max(CUTOFFS)))
    return evaluate_lists(lists, data, cut)


def popularity_only(policy: Policy) -> Policy:
    """The policy's last stage alone, which answers everybody alike."""
    return Policy((Stage("popular", policy.stages[-1].model),), policy.courses)


def evaluate_beside_popularity(
    policy: Policy, data: IndexedDataset, cut: Cut
) -> dict[str, Evaluation]:
    """The policy and popularity on the same decisions."""
    return {
        CHOSEN: evaluate_policy(policy, data, cut),
        POPULAR: evaluate_policy(popularity_only(policy), data, cut),
    }


def evaluate_lists(lists: Recommendations, data: IndexedDataset, cut: Cut) -> Evaluation:
    """The same of lists that are there already, one a decision of `cut`, in its order."""
    cases = cut.cases
    balance = pd.array(cases.balance_rp, dtype="Int64")
    balance[~cases.has_balance] = pd.NA
    about = pd.DataFrame(
        {
            "seen": cases.seen,
            "n_targets": np.diff(cases.targets.indptr),
            "participant": cases.row,
            "balance_rp": balance,
        }
    )
    return Evaluation(
        cut=cut.name,
        method=cut.method,
        protocol=cut.protocol,
        cases=pd.concat([about, case_metrics(lists, cases.targets)], axis=1),
        lists=lists,
        coverage={k: coverage(lists, n_items=data.courses.n_items, depth=k) for k in CUTOFFS},
    )


@dataclass(frozen=True)
class Gains:
    """NDCG of N decisions.

    Attributes:
        by_decision: (N,) float64 in [0, 1]; person: (N,) int64 who decides.
        by_course: (n_items times windows,) float64: what the hits on each course add to the sum of
            `by_decision`, window after window.
    """

    by_decision: NDArray[np.float64]
    person: NDArray[np.int64]
    by_course: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Gains]) -> Self:
        """The decisions of all windows; a person is the same in each, a course another one."""
        return cls(
            np.concatenate([part.by_decision for part in parts]),
            np.concatenate([part.person for part in parts]),
            np.concatenate([part.by_course for part in parts]),
        )

    @property
    def n_decisions(self) -> int:
        """How many decisions."""
        return len(self.by_decision)

    @property
    def mean(self) -> float | None:
        """None where there are no decisions."""
        return float(self.by_decision.mean()) if self.n_decisions else None

    def above_for_people(self, other: Gains) -> bool:
        """Whether the same decisions gain beyond two standard errors of the paired difference.

        What one person decides is one observation: the error is that of sums over people (Liang
        and Zeger 1986).
        """
        if self.n_decisions == 0:
            return False
        gain = self.by_decision - other.by_decision
        people = np.unique(self.person, return_inverse=True)[1]
        around = np.bincount(people, gain - gain.mean())
        return bool(gain.sum() > ERRORS * float(np.linalg.norm(around)))

    def clearly_above(self, other: Gains) -> bool:
        """Whether the gain is beyond two standard errors of people and of courses.

        Decisions of one period share its courses: what sold more than before did so for everybody.
        A difference is therefore a sum over courses as much as over decisions (clustering both
        ways: Owen 2007, The pigeonhole bootstrap). By courses its error is sqrt(sum of d_i^2), so
        that a gain must rest on more than four courses of equal share: what one or two bestsellers
        decide is not taken for a better model.
        """
        gain = self.by_course - other.by_course
        beyond_courses = gain.sum() > ERRORS * float(np.linalg.norm(gain))
        return bool(beyond_courses) and self.above_for_people(other)


def gains_of_hits(
    hits: NDArray[np.bool_],
    item_idx: NDArray[np.integer],
    n_targets: NDArray[np.integer],
    person: NDArray[np.int64],
    *,
    n_items: int,
) -> Gains:
    """NDCG at k of (B, k) `hits` on the courses `item_idx` (B, k), by rank, of (B,) people."""
    each = ndcg_of_each(hits, n_targets)
    by_course = np.bincount(item_idx[hits], weights=each[hits], minlength=n_items)
    return Gains(each.sum(axis=1), person, by_course.astype(np.float64))


def gains_of_lists(lists: Recommendations, cases: Cases, chosen: NDArray[np.bool_]) -> Gains:
    """NDCG@10 of the decisions with a True among the B of `lists` and `cases`."""
    return gains_of_hits(
        hits_of(lists, cases.targets, depth=CUTOFF)[chosen],
        first_places(lists, depth=CUTOFF)[chosen],
        np.diff(cases.targets.indptr)[chosen],
        cases.row[chosen],
        n_items=cases.targets.shape[1],
    )
