"""The data sets of the benchmark, each imported or generated once into the output directory."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset, read_dataset
from saldopas.training_pipeline.training.config import TrainingConfig, read_training_config

SEED = 7
CONFIGS = Path(__file__).parents[1] / "configs"
SMALL_PEOPLE, SMALL_COURSES = 2_000, 120
SAMPLE_PEOPLE = 50_000
RANKING = ("recall@20", "ndcg@20", "hit@10", "ndcg@10")


@dataclass(frozen=True)
class Source:
    """Where a data set comes from and what is claimed on it.

    Attributes:
        title: of its section; metrics: of its tables.
        command: of `saldopas`, without `--out`.
        note: what a reader must know.
    """

    title: str
    command: tuple[str, ...]
    metrics: tuple[str, ...]
    note: str


def _sample(
    strength: int, note: str, *, title: str | None = None, assumptions: Path | None = None
) -> Source:
    command = ("sample", "--strength", str(strength), "--seed", str(SEED))
    command += ("--config", str(assumptions)) if assumptions else ()
    return Source(title or f"Generated sample, strength {strength}", command, RANKING, note)


SOURCES = {
    "tafeng": Source(
        "Ta-Feng: groceries",
        ("import", "tafeng"),
        RANKING,
        "February 2001 as one basket a participant, the balance is what it cost.",
    ),
    "mooccubex": Source(
        "MOOCCubeX: course enrolments",
        ("import", "mooccubex"),
        ("hit@10", "ndcg@10"),
        "The last enrolment of each learner; no prices.",
    ),
    "complete-journey": Source(
        "Complete Journey: a large catalogue",
        ("import", "complete-journey", "--min-purchases", "2"),
        RANKING,
        "The last tenth of the purchases as one basket a household, the balance is what it cost. "
        "Its authors call the data simulated.",
    ),
    "sample-1": _sample(
        1, "Planted structure, so a win only says that it was found; nothing is claimed from it."
    ),
    "sample-0": _sample(
        0,
        "Profile and taste decide nothing, but a second purchase stays in the category or with "
        "the provider at any strength: newcomers are a control, people with a history are not.",
    ),
    "sample-null": _sample(
        0,
        "The control: nothing is planted at all, second purchases included "
        "(`benchmarks/configs/nothing-planted.toml`). Beyond noise, a gain would be invented.",
        title="Generated sample, nothing planted",
        assumptions=CONFIGS / "nothing-planted.toml",
    ),
}


def load(name: str, out: Path, *, mooccubex: Path, small: bool) -> Dataset:
    """The data set, made under `out` unless it is there already.

    Args:
        name: a key of `SOURCES`.
        out: `out/data/NAME` holds it.
        mooccubex: directory of the files of that set.
        small: a few thousand people.
    """
    directory = out / "data" / (f"{name}-small" if small else name)
    if not directory.exists():
        command = [*SOURCES[name].command, "--out", str(directory)]
        if name == "mooccubex":
            command += ["--from", str(mooccubex)]
        if name.startswith("sample"):
            people = SMALL_PEOPLE if small else SAMPLE_PEOPLE
            command += ["--participants", str(people)]
            command += ["--courses", str(SMALL_COURSES)] if small else []
        program = [sys.executable, "-m", "saldopas"]
        subprocess.run([*program, *command], check=True, stdout=subprocess.DEVNULL)
    dataset = read_dataset(directory)
    return _fewer(dataset) if small and not name.startswith("sample") else dataset


def training_config(name: str, path: Path | None, *, small: bool) -> TrainingConfig:
    """`benchmarks/configs/NAME.toml` where there is one, else the defaults of `saldopas train`.

    A `small` run does not search.
    """
    own = CONFIGS / f"{name}.toml"
    return read_training_config(
        path or (own if own.exists() else None), search=False if small else None
    )


def _fewer(dataset: Dataset) -> Dataset:
    """Of `SMALL_PEOPLE` participants only, drawn with a seed."""
    people = dataset.participants
    drawn = np.random.default_rng(SEED).permutation(len(people))[:SMALL_PEOPLE]
    kept = people.iloc[np.sort(drawn)].reset_index(drop=True)
    bought = dataset.purchases
    inside = bought[c.PARTICIPANT_ID].isin(kept[c.PARTICIPANT_ID])
    return replace(dataset, participants=kept, purchases=bought[inside].reset_index(drop=True))
