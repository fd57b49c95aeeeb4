"""What one fit costs besides reading: processor seconds of every model and of the whole policy.

    python -m benchmarks.fit_cost DATA      # for example `saldopas sample --participants 500000`

Processor seconds, not seconds, as other work may share the machine; all threads count.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.splits.split import end_of
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.explaining.evidence import Evidence
from saldopas.models.policy.recipe import Recipe, StageRecipe
from saldopas.models.recommenders.members import MEMBERS
from saldopas.training_pipeline.console import print_table
from saldopas.training_pipeline.training.selection import AUTO, POPULARITY, PROFILE_POPULARITY

SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    data = index_dataset(read_dataset(parser.parse_args().data))
    cutoff_s = end_of(data)
    learned = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
    names = (*AUTO, PROFILE_POPULARITY, POPULARITY)
    config = {
        "members": [{"model": name} for name in names],
        "weights": [[1.0] * len(names)],
    }
    blend = Recipe(
        stages=(
            StageRecipe(source="history", model="blend", config=config),
            StageRecipe(source="profile", model="blend", config=config),
            StageRecipe(source="popular", model=POPULARITY),
        )
    )

    def fitting(name: str) -> Callable[[], object]:
        kind = MEMBERS[name]
        return lambda: kind.fit(kind.config_type(), learned, seed=SEED)

    rows = [(name, *cost(fitting(name))) for name in MEMBERS]
    rows.append(("policy: " + ", ".join(names), *cost(lambda: blend.fit(learned, seed=SEED))))
    rows.append(("counts that reasons cite", *cost(lambda: Evidence.count(learned))))
    print_table(
        f"{learned.participants.n_rows:,} people with purchases, {data.courses.n_items:,} courses",
        ("fit", "processor seconds", "seconds", "peak GB of the process"),
        rows,
    )


def cost(work: Callable[[], object]) -> tuple[float, float, float]:
    """(processor seconds, seconds, peak resident GB so far)."""
    started, used = time.perf_counter(), time.process_time()
    work()
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    return processor, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
