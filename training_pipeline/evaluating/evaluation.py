"""How good a policy is at past decisions: the served lists against what was bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.policy import Policy, Recommendations, Stage
from saldopas.training_pipeline.evaluating.decisions import CUTOFFS
from saldopas.training_pipeline.evaluating.groups import shown_groups
from saldopas.training_pipeline.evaluating.metrics import case_metrics, coverage

MAIN_METRIC = "ndcg@10"
CHOSEN, POPULAR = "chosen", "popularity"


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
