"""Plans beside what people did and beside buying down a list, on decisions after the training.

    python -m benchmarks.plan_replay data/sample --model sequence-ridge --truth
    python -m benchmarks.plan_replay data/tafeng --model ease

Each participant's first decision of the test cut, with the balance of that moment: what was bought
from there on, the courses of the best match for several prices of a leftover, and a greedy buyer
who goes down the policy's top-n list and takes whatever still fits. At most 8 courses, no days, for
all alike. Relevance is calibrated on the validation cut; hits are courses that the participant did
buy from there on. `--truth` (the sample alone) adds the generator's own probability that the next
choice is one of the set. Intervals are 95 %, over participants.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features import columns as c
from features.cases import Cases
from features.dataset import read_dataset
from features.indexed import IndexedDataset, index_dataset
from features.split import Cut, make_cuts
from features.split_config import SplitConfig
from models.plan_problem import PlanProblem
from models.plan_warm import warm_up
from models.planner import solve
from models.policy import Policy
from training_pipeline.calibration.learn import learn_calibration
from training_pipeline.sample.choices import NOTHING, Choosers, choice_probabilities
from training_pipeline.sample.config import SampleConfig
from training_pipeline.sample.generate import draw_world
from training_pipeline.sample.purchases import World
from training_pipeline.sample.seats import Seats
from training_pipeline.selection import untried_recipe

WEIGHTS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
LISTS = (5, 10, 20, 100)
MOST_COURSES = 8
CANDIDATES = 200
GREEDY = "top 20, greedily"
WIB_S = 7 * 3_600
BLOCK = 500


@dataclass(frozen=True)
class Outcome:
    """Arrays (N,): share of the balance left, relevance, hits, truth, courses."""

    leftover: NDArray[np.float64]
    relevance: NDArray[np.float64]
    hits: NDArray[np.float64]
    truth: NDArray[np.float64]
    courses: NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--model", default="sequence-ridge")
    parser.add_argument("--people", type=int, default=3_000)
    parser.add_argument("--truth", action="store_true", help="the sample, made with --seed")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    warm_up()
    data = index_dataset(read_dataset(asked.data))
    cuts = make_cuts(data, SplitConfig(), seed=asked.seed)
    if cuts is None:
        raise SystemExit("too little was bought to hold anything out")
    recipe = untried_recipe((asked.model,), {})
    earlier, policy = (recipe.fit(cut.train, seed=asked.seed) for cut in cuts)
    calibration = learn_calibration(data, cuts[0], earlier, seed=asked.seed)
    cases = first_decisions(cuts[1].cases, asked.people, seed=asked.seed)
    truth = truth_of(data, asked.seed) if asked.truth else None
    replayed = Replay(data, replace(cuts[1], cases=cases), policy, calibration.probabilities, truth)
    show(replayed.outcomes(), cases.n_cases)


def first_decisions(cases: Cases, most: int, *, seed: int) -> Cases:
    """The first decision of each participant who has a balance, at most so many people."""
    order = np.lexsort((cases.as_of_s, cases.row))
    first = order[np.r_[True, np.diff(cases.row[order]) != 0]]
    first = first[cases.limited[first] & (cases.limit_rp[first] > 0)]
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
        names = ["what people did", *(f"top {n}, greedily" for n in LISTS)]
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
            for at in range(len(block)):
                balance = int(cases.limit_rp[at])
                bought = self._bought(cases, at)
                sets = {"what people did": (bought, self._spent(cases, at))}
                listed = lists.item_idx[lists.row(at)]
                for n in LISTS:
                    sets[f"top {n}, greedily"] = greedily(listed[:n], price, balance)
                for weight in WEIGHTS:
                    name = f"plan, leftover weight {weight:g}"
                    sets[name] = planned(allowed[at], relevance[at], price, balance, weight)
                own = set(bought.tolist())
                for name, (items, spent) in sets.items():
                    rows[name].append(
                        (
                            (balance - spent) / balance,
                            float(relevance[at, items].sum()),
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
        return min(spent, int(cases.limit_rp[at]))

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
        balance_rp=cases.limit_rp,
        owned=owned,
        only=np.where(cases.seen == 1, owned[:, 0], NOTHING),
    )


def show(found: dict[str, Outcome], people: int) -> None:
    """The frontier, and the bar of the planner's issue."""
    greedy = found[GREEDY]
    rows: list[tuple[Any, ...]] = [
        (
            name,
            interval(one.leftover),
            interval(one.relevance),
            interval(one.hits),
            interval(one.truth) if np.isfinite(one.truth).all() else "-",
            f"{one.courses.mean():.2f}",
        )
        for name, one in found.items()
    ]
    print(f"{people:,} first decisions of the test cut; means and 95 % intervals\n")
    print("| buyer | share left | relevance | hits | truth | courses |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()
    for name, one in found.items():
        if not name.startswith("plan"):
            continue
        parts = [ratio_interval(one.leftover, greedy.leftover)]
        parts += [ratio_interval(one.relevance, greedy.relevance)]
        parts += [ratio_interval(one.hits, greedy.hits)]
        told = [f"{ratio:.2f} ({low:.2f} to {high:.2f})" for ratio, low, high in parts]
        print(f"{name}: {told[0]} times the leftover of {GREEDY}, {told[1]} times its relevance,")
        print(f"  {told[2]} times its hits")


def interval(values: NDArray[np.float64]) -> str:
    """Mean and half the width of its interval."""
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.4f} ± {half:.4f}"


def ratio_interval(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Ratio of the means of paired values, and its interval (Fieller's delta approximation)."""
    ratio = float(one.mean() / other.mean())
    error = (one - ratio * other).std(ddof=1) / np.sqrt(len(one)) / other.mean()
    return ratio, ratio - 1.96 * float(error), ratio + 1.96 * float(error)


if __name__ == "__main__":
    main()
