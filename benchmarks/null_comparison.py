"""Does `compare` reject as often as it says: for equal models, and for a planted gain of 3 %?

    python -m benchmarks.null_comparison exploration|als|power [--repetitions 200]

Each repetition draws participants from those who were held out whole, and new seeds. Without a
difference 5 % of the tests must reject, with one as many as announced.

exploration: one fitted model that gives a tenth of its slots to drawn courses, under two seeds:
neither is better, whatever the participants. als: two fits of ALS from two seeds. These are two
models, and if one is truly better by a little, finding that is no error: with enough participants
they reject more often than 5 %. power: the first, a gain planted on one side, at sizes for which
pilots announce a power.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from saldopas.features.splits.split import Cut, make_cuts
from saldopas.features.splits.split_config import SplitConfig
from saldopas.models.policy.exploration import Exploration, ExplorationConfig
from saldopas.models.policy.policy import Policy, Recommendations, Source
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.evaluating.comparison import Difference, differences
from saldopas.training_pipeline.evaluating.decisions import Decisions
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC
from saldopas.training_pipeline.evaluating.measured import FAMILY, Measured
from saldopas.training_pipeline.evaluating.metrics import case_metrics
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.ingest.sample.config import SampleConfig
from scipy.stats import beta, norm

from benchmarks.evaluation import generated

SEED = 7
GAIN = 0.03
DRAWN = 600  # participants a repetition of the null comparison
PILOT, PILOTS = 2_000, 20  # participants, and how often they are drawn
POWERS = (0.5, 0.8, 0.95)
SHARE = 0.1
CONFIG = EvaluationConfig(resamples=100)  # p-values and detectable differences use no resample
Ints = NDArray[np.int64]
TwoSides = Callable[["World", Decisions, int], Iterator[Recommendations]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=("exploration", "als", "power"))
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--participants", type=int, default=12_000)
    parser.add_argument("--powers", type=float, nargs="+", default=POWERS)
    asked = parser.parse_args()
    world = make_world(asked.participants)
    print(
        f"{world.decisions.n_decisions:,} decisions of {world.decisions.n_people:,} held-out "
        f"participants, {world.decisions.n_items} courses, {asked.repetitions} repetitions",
        flush=True,
    )
    if asked.question == "power":
        power(world, asked.repetitions, asked.powers)
    else:
        sides = two_fits if asked.question == "als" else two_draws
        null(world, asked.repetitions, sides)


@dataclass(frozen=True)
class World:
    """Held-out participants, and the policy that is fitted on the others."""

    decisions: Decisions
    policy: Policy

    def drawn(self, n_people: int, rng: np.random.Generator) -> Decisions:
        """All decisions of `n_people` participants, drawn without replacement."""
        everybody = np.unique(self.decisions.people)
        chosen = rng.choice(everybody, size=n_people, replace=False)
        rows = np.flatnonzero(np.isin(self.decisions.people, chosen))
        cut = self.decisions.cut
        return Decisions(self.decisions.data, replace(cut, cases=cut.cases.take(rows)))


def make_world(participants: int) -> World:
    """A third of the participants is held out whole, with all they bought."""
    data = generated(SampleConfig(participants=participants, courses=200))
    cuts = make_cuts(data, SplitConfig(method="by-participant", share=0.33), seed=SEED)
    if cuts is None:
        raise SystemExit("too few participants")
    recipe = _recipe("sequence-ridge", ("history", "profile"))
    return World(Decisions(data, cuts[1]), recipe.fit(cuts[1].train, seed=SEED))


def two_draws(world: World, asked: Decisions, seed: int) -> Iterator[Recommendations]:
    """One model, its explored slots drawn with two seeds."""
    for own in (2 * seed, 2 * seed + 1):
        yield _exploring(world, own).recommend(asked.requests)


def two_fits(world: World, asked: Decisions, seed: int) -> Iterator[Recommendations]:
    """ALS fitted from two random starts."""
    cut: Cut = world.decisions.cut
    for own in (2 * seed, 2 * seed + 1):
        yield _recipe("als", ("history",)).fit(cut.train, seed=own).recommend(asked.requests)


def null(world: World, repetitions: int, two_sides: TwoSides) -> None:
    """How often each metric rejects, alone and after Holm."""
    rejected: dict[str, list[bool]] = {}
    family = []
    for seed in range(repetitions):
        asked = world.drawn(DRAWN, np.random.default_rng(seed))
        a, b = (Measured.of("x", asked, lists) for lists in two_sides(world, asked, seed))
        names = [name for name in FAMILY if name in a.names]
        found = differences(a, b, names=names, config=CONFIG)
        for one in found:
            rejected.setdefault(one.metric, []).append(one.p_value < CONFIG.alpha)
        family.append(any(one.p_holm < CONFIG.alpha for one in found))
    rows = [(name, *_share(np.array(values))) for name, values in rejected.items()]
    rows.append((f"any of {len(rows)}, Holm", *_share(np.array(family))))
    title = f"No difference, {DRAWN} participants: rejections at {CONFIG.alpha:.0%}"
    print_table(title, ("metric", "rejected", "95 % interval"), rows)


def power(world: World, repetitions: int, powers: Sequence[float]) -> None:
    """A planted gain at sample sizes for which pilots announce these powers."""
    pilot_size = min(PILOT, world.decisions.n_people // 2)
    lists = _exploring(world, 1).recommend(world.decisions.requests)
    plain = _ranking_only(world.decisions, lists)
    value = plain.metrics[MAIN_METRIC].to_numpy()
    told = GAIN * value.mean() / (1 - value).mean()
    true_gain = GAIN * value.mean()
    seeds = range(10_000, 10_000 + PILOTS)
    pilots = [_planted_on(world, pilot_size, told, seed=seed) for seed in seeds]
    # detectable = (t_{1-alpha/2} + t_{power}) * error, and the error falls with 1 / sqrt(people)
    quantiles = norm.ppf(1 - CONFIG.alpha / 2) + norm.ppf(CONFIG.power)
    error = np.mean([found.detectable for found in pilots]) / quantiles
    for wanted in powers:
        ratio = (norm.ppf(1 - CONFIG.alpha / 2) + norm.ppf(wanted)) * error / true_gain
        n_people = round(pilot_size * ratio**2)
        if n_people > world.decisions.n_people:
            print(f"power {wanted:.0%} needs {n_people:,} participants: more than there are")
            continue
        start = 20_000 + round(1_000 * wanted) * 1_000  # other draws at each size
        seeds = range(start, start + repetitions)
        runs = [_planted_on(world, n_people, told, seed=seed) for seed in seeds]
        hits = np.array([run.p_value < CONFIG.alpha for run in runs])
        announced = np.mean([_power(run, true_gain) for run in runs])
        gain = np.mean([run.difference for run in runs]) / value.mean()
        detectable = np.mean([run.detectable for run in runs]) / value.mean()
        share, interval = _share(hits)
        print(
            f"{MAIN_METRIC}, planted {GAIN:.0%} (found {gain:.2%} on average), "
            f"{n_people:,} participants: the pilots announce {wanted:.0%}, the comparisons "
            f"{announced:.1%}; found in {share} ({interval}); detectable at "
            f"{CONFIG.power:.0%}: {detectable:.2%}",
            flush=True,
        )


def _planted_on(world: World, n_people: int, told: float, *, seed: int) -> Difference:
    return _planted(world, world.drawn(n_people, np.random.default_rng(seed)), told, seed=seed)


def _planted(world: World, asked: Decisions, told: float, *, seed: int) -> Difference:
    """B draws with another seed, and puts what was bought first in a share `told` of decisions."""
    first, second = two_draws(world, asked, seed)
    chosen = np.random.default_rng([seed, 1]).random(asked.n_decisions) < told
    lists = (first, _bought_first(second, asked, np.flatnonzero(chosen)))
    a, b = (_ranking_only(asked, one) for one in lists)
    return differences(a, b, names=[MAIN_METRIC], config=CONFIG)[0]


def _ranking_only(asked: Decisions, lists: Recommendations) -> Measured:
    return Measured("x", asked, lists, case_metrics(lists, asked.cut.cases.targets))


def _bought_first(lists: Recommendations, asked: Decisions, rows: Ints) -> Recommendations:
    items = lists.item_idx.copy()
    targets = asked.cut.cases.targets
    for row in rows:
        place = lists.row(row)
        bought = targets.indices[targets.indptr[row]]
        rest = items[place][items[place] != bought]
        items[place] = np.concatenate([[bought], rest])[: place.stop - place.start]
    return lists._replace(item_idx=items)


def _power(run: Difference, true_gain: float) -> float:
    """Of a two-sided test at this run's error, from its smallest detectable difference."""
    critical = norm.ppf(1 - CONFIG.alpha / 2)
    error = run.detectable / (critical + norm.ppf(CONFIG.power))
    return float(norm.cdf(true_gain / error - critical) + norm.cdf(-true_gain / error - critical))


def _exploring(world: World, seed: int) -> Policy:
    courses = world.policy.courses
    config = ExplorationConfig(share=SHARE, max_purchases=10**9)
    explored = Exploration(config, seed, np.ones(courses.n_items, np.bool_))
    return replace(world.policy, exploration=explored)


def _recipe(model: str, sources: Sequence[Source]) -> Recipe:
    stages = [StageRecipe(source=source, model=model) for source in sources]
    return Recipe(stages=(*stages, StageRecipe(source="popular", model="popularity")))


def _share(hits: NDArray[np.bool_]) -> tuple[str, str]:
    """Share and its exact interval (Clopper & Pearson 1934)."""
    n, k = len(hits), int(hits.sum())
    low = beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return f"{k / n:.1%}", f"{low:.1%} to {high:.1%}"


if __name__ == "__main__":
    main()
