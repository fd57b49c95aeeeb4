"""Plans beside what people did and beside buying down a list, on decisions after the training.

    python -m benchmarks.plan_replay data/sample --truth
    python -m benchmarks.plan_replay data/sample --truth --cut validation
    python -m benchmarks.plan_replay data/tafeng --model ease

Each participant's first decision of a cut, with the balance of that moment: what was bought from
there on, the courses of the best match for several prices of a leftover, and a greedy buyer who
goes down a list and takes whatever still fits: the policy's top n, or the 100 most relevant. At
most 8 courses, no days, for all alike. Relevance is calibrated on the validation cut (in sight of
the decisions with `--cut validation`, where the leftover's price is chosen); next: the share of
decisions whose next purchase is in the set; hits: its courses that were bought from there on.
`--truth` (the sample alone) adds the generator's own probability that the next purchase is in
the set. Intervals are 95 %, over participants.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.splits.cases import Cases
from saldopas.features.splits.split import Cut, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.planner.plan import solve
from saldopas.models.planner.problem import PlanProblem
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.ingest.sample.choices import (
    NOTHING,
    Choosers,
    Seats,
    choice_probabilities,
)
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from saldopas.training_pipeline.ingest.sample.generate import draw_world
from saldopas.training_pipeline.ingest.sample.purchases import World
from saldopas.training_pipeline.training.calibration.learn import learn_calibration
from saldopas.training_pipeline.training.selection import untried_recipe

WEIGHTS = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
LISTS = (5, 10, 20, 100)
MOST_COURSES = 8
CANDIDATES = 200
GREEDY = "top 20, greedily"
RELEVANT = "most relevant, greedily"
WIB_S = 7 * 3_600
BLOCK = 500


@dataclass(frozen=True)
class Outcome:
    """Arrays (N,): share of the balance left, relevance, next, hits, truth, courses."""

    leftover: NDArray[np.float64]
    relevance: NDArray[np.float64]
    next: NDArray[np.float64]
    hits: NDArray[np.float64]
    truth: NDArray[np.float64]
    courses: NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--model", default="sequence-ridge")
    parser.add_argument("--people", type=int, default=3_000)
    parser.add_argument("--cut", choices=("validation", "test"), default="test")
    parser.add_argument("--truth", action="store_true", help="the sample, made with --seed")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    data = index_dataset(read_dataset(asked.data))
    cuts = make_cuts(data, SplitConfig(), seed=asked.seed)
    if cuts is None:
        raise SystemExit("too little was bought to hold anything out")
    recipe = untried_recipe(asked.model, {})
    earlier = recipe.fit(cuts[0].train, seed=asked.seed)
    calibration = learn_calibration(data, cuts[0], earlier, seed=asked.seed)
    cut, policy = cuts[0], earlier
    if asked.cut == "test":
        cut, policy = cuts[1], recipe.fit(cuts[1].train, seed=asked.seed)
    cut = replace(cut, cases=first_decisions(cut.cases, asked.people, seed=asked.seed))
    truth = truth_of(data, asked.seed) if asked.truth else None
    found = Replay(data, cut, policy, calibration.probabilities, truth).outcomes()
    print(f"{cut.cases.n_cases:,} first decisions of the {asked.cut} cut; means, 95 % intervals\n")
    show(found)


def first_decisions(cases: Cases, most: int, *, seed: int) -> Cases:
    """The first decision of each participant who has a balance, at most so many people."""
    order = np.lexsort((cases.as_of_s, cases.row))
    first = order[np.r_[True, np.diff(cases.row[order]) != 0]]
    first = first[cases.has_balance[first] & (cases.balance_rp[first] > 0)]
    chosen = np.random.default_rng(seed).permutation(first)[:most]
    return cases.take(np.sort(chosen))


@dataclass(frozen=True)
class Replay:
    """Every buyer at the same decisions."""

    data: IndexedDataset
    cut: Cut
    policy: Policy
    relevance: Callable[..., NDArray[np.float64]]
    truth: Callable[[Cases], NDArray[np.float64]] | None

    def outcomes(self) -> dict[str, Outcome]:
        """By name: what people did, the greedy lists, the plans."""
        names = ["what people did", *(f"top {n}, greedily" for n in LISTS), RELEVANT]
        names += [f"plan, leftover weight {weight:g}" for weight in WEIGHTS]
        rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
        requests = self.cut.requests(self.data, count=max(LISTS))
        price = self.data.courses.price_rp
        for start in range(0, requests.n_rows, BLOCK):
            block = np.arange(start, min(start + BLOCK, requests.n_rows))
            asked, cases = requests.take(block), self.cut.cases.take(block)
            allowed = self.policy.allowed(asked).allowed
            relevance = self.relevance(self.policy, asked, allowed)
            lists = self.policy.recommend(asked)
            truth = None if self.truth is None else self.truth(cases)
            targets = np.split(cases.targets.indices, cases.targets.indptr[1:-1])
            for at in range(len(block)):
                balance = int(cases.balance_rp[at])
                bought = self._bought(cases, at)
                sets = {"what people did": (bought, self._spent(cases, at))}
                listed = lists.item_idx[lists.row(at)]
                for n in LISTS:
                    sets[f"top {n}, greedily"] = greedily(listed[:n], price, balance)
                order = np.argsort(-relevance[at], kind="stable")[: max(LISTS)]
                sets[RELEVANT] = greedily(order[allowed[at, order]], price, balance)
                for weight in WEIGHTS:
                    name = f"plan, leftover weight {weight:g}"
                    sets[name] = planned(allowed[at], relevance[at], price, balance, weight)
                own = set(bought.tolist())
                next_ones = set(targets[at].tolist())
                for name, (items, spent) in sets.items():
                    rows[name].append(
                        (
                            (balance - spent) / balance,
                            float(relevance[at, items].sum()),
                            float(not next_ones.isdisjoint(items.tolist())),
                            float(len(own.intersection(items.tolist()))),
                            np.nan if truth is None else float(truth[at, items].sum()),
                            float(len(items)),
                        )
                    )
        return {name: Outcome(*np.array(found).T) for name, found in rows.items()}

    def _bought(self, cases: Cases, at: int) -> NDArray[np.int64]:
        return np.unique(self.data.events.item_idx[self._events(cases, at)]).astype(np.int64)

    def _spent(self, cases: Cases, at: int) -> int:
        spent = int(self.data.paid_rp[self._events(cases, at)].sum())
        return min(spent, int(cases.balance_rp[at]))

    def _events(self, cases: Cases, at: int) -> NDArray[np.int64]:
        row = int(cases.row[at])
        start = int(self.data.events.indptr[row] + cases.seen[at])
        events = np.arange(start, int(self.data.events.indptr[row + 1]))
        return events[self.data.kept[events]]


def greedily(
    listed: NDArray[np.int64], price: NDArray[np.int64], balance: int
) -> tuple[NDArray[np.int64], int]:
    """Down the list, taking what still fits."""
    taken: list[int] = []
    left = balance
    for item in listed.tolist():
        if price[item] <= left and len(taken) < MOST_COURSES:
            taken.append(item)
            left -= int(price[item])
    return np.array(taken, np.int64), balance - left


def planned(
    allowed: NDArray[np.bool_],
    relevance: NDArray[np.float64],
    price: NDArray[np.int64],
    balance: int,
    weight: float,
) -> tuple[NDArray[np.int64], int]:
    """The best match of the most relevant candidates."""
    items = np.flatnonzero(allowed)
    items = np.sort(items[np.argsort(-relevance[items], kind="stable")[:CANDIDATES]])
    problem = PlanProblem(
        price[items], relevance[items], balance, MOST_COURSES, leftover_price=weight / balance
    )
    plan = solve(problem, step_limit=100_000)
    return items[plan.items], plan.total_rp


def truth_of(data: IndexedDataset, seed: int) -> Callable[[Cases], NDArray[np.float64]]:
    """(B, n_items) the generator's probability that the next choice is each course."""
    config = SampleConfig(participants=data.n_people, courses=data.courses.n_items)
    world = draw_world(config, seed=seed)
    same = np.array_equal(world.catalogue.price_rp, data.courses.price_rp)
    if not same or not np.array_equal(world.people.age, data.people["age"].to_numpy(np.int64)):
        raise SystemExit("this is no sample of the default configuration and this seed")
    seats = Seats(config.catalogue, world.catalogue, world.model.item_idx)
    title_of = np.full(data.courses.n_items, NOTHING)
    title_of[world.model.item_idx] = np.arange(len(world.model.item_idx))
    person = np.array([int(name[1:]) - 1 for name in data.people[c.PARTICIPANT_ID]], np.int64)

    def chances(cases: Cases) -> NDArray[np.float64]:
        found = np.zeros((cases.n_cases, data.courses.n_items))
        choosers = _choosers(data, cases, person[cases.row], title_of, world)
        shelf = seats.shelf(cases.as_of_s + WIB_S)
        found[:, world.model.item_idx] = choice_probabilities(world.model, choosers, shelf)
        return found

    return chances


def _choosers(
    data: IndexedDataset,
    cases: Cases,
    person: NDArray[np.int64],
    title_of: NDArray[np.int64],
    world: World,
) -> Choosers:
    owned = np.full((cases.n_cases, max(int(cases.seen.max()), 1)), NOTHING)
    for at in range(cases.n_cases):
        start = int(data.events.indptr[cases.row[at]])
        items = data.events.item_idx[start : start + int(cases.seen[at])]
        owned[at, : len(items)] = title_of[items]
    return Choosers(
        person=person,
        age=world.people.age[person],
        education=world.people.codes["education"][person] + np.int8(1),
        balance_rp=cases.balance_rp,
        owned=owned,
        only=np.where(cases.seen == 1, owned[:, 0], NOTHING),
    )


def show(found: dict[str, Outcome]) -> None:
    """The frontier, and the plans' ratios to the greedy list."""
    columns = ("leftover", "relevance", "next", "hits", "truth")
    rows = [
        (name, *(interval(getattr(one, column)) for column in columns), f"{one.courses.mean():.2f}")
        for name, one in found.items()
    ]
    print_markdown(("buyer", "share left", *columns[1:], "courses"), rows)
    greedy = found[GREEDY]
    ratios = [
        (
            name,
            *(ratio_interval(getattr(one, column), getattr(greedy, column)) for column in columns),
        )
        for name, one in found.items()
        if name.startswith("plan") or name == RELEVANT
    ]
    print(f"\nTimes what {GREEDY} has:\n")
    print_markdown(("buyer", "share left", *columns[1:]), ratios)


def print_markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    for row in (head, tuple("---" for _ in head), *rows):
        print("| " + " | ".join(row) + " |")


def interval(values: NDArray[np.float64]) -> str:
    """Mean and half the width of its interval."""
    if not np.isfinite(values).all():
        return "-"
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.4f} ± {half:.4f}"


def ratio_interval(one: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    """Ratio of the means of paired values, and its interval (the delta method)."""
    if not np.isfinite(one).all():
        return "-"
    ratio = float(one.mean() / other.mean())
    half = 1.96 * (one - ratio * other).std(ddof=1) / np.sqrt(len(one)) / other.mean()
    return f"{ratio:.3f} ({ratio - half:.3f} to {ratio + half:.3f})"


if __name__ == "__main__":
    main()
