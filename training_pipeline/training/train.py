"""A training: choose on validation, read test once, fit on everything, write the artifact."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from saldopas.features.encoding.indexed import IndexedDataset, index_dataset
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.features.errors import DataError
from saldopas.features.splits.split import Cut, earlier_windows, end_of, make_cuts
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import write_artifact
from saldopas.models.artifact.manifest import Manifest, installed_versions
from saldopas.models.explaining.evidence import Evidence
from saldopas.models.policy.recipe import Recipe
from saldopas.training_pipeline.console import progress, say
from saldopas.training_pipeline.evaluating.evaluation import (
    CHOSEN,
    POPULAR,
    Evaluation,
    evaluate_beside_popularity,
)
from saldopas.training_pipeline.training.balance_fitting import learn_balance_fit
from saldopas.training_pipeline.training.calibration.learn import Calibrated, calibrate
from saldopas.training_pipeline.training.config import AUTO_NAME, LookedAt, TrainingConfig, Tuned
from saldopas.training_pipeline.training.record import TrainingRecord, code_version
from saldopas.training_pipeline.training.selection import (
    Selection,
    count_fits,
    select,
    untried_recipe,
)


def train(
    dataset: Dataset,
    config: TrainingConfig,
    *,
    artifact: Path,
    until: datetime | None = None,
    tuned: Callable[[LookedAt | None], Tuned | None] = lambda test: None,
) -> TrainingRecord:
    """Fit a policy on `dataset` and write it to the directory `artifact`.

    Args:
        dataset: a checked dataset.
        config: models, split and seed.
        artifact: a directory that does not exist yet.
        until: purchases from this moment on are not seen at all.
        tuned: what a tuning found that looked at no more than what lies before the test cut (None:
            there is none); asked where the configuration searches, and used for models that it does
            not name.

    Raises:
        DataError: nothing is left to learn from.
    """
    seconds: dict[str, float] = {}
    data = index_dataset(purchases_before(dataset, until))
    cutoff_s = _cutoff(data, until)
    cuts = make_cuts(data, config.split, seed=config.seed)
    found = tuned(LookedAt.before(cuts[1]) if cuts else None) if config.uses_tuned else None
    if found is not None:
        say(found.note)
        config = found.under(config)
    selection, validation, test, calibrated = _choose(data, cuts, config, seconds)
    with _timed(seconds, "fit"):
        say("fitting on everything")
        learned = data.training_set(data.seen_before(cutoff_s), as_of_s=cutoff_s)
        if learned.participants.n_rows == 0:
            raise DataError("everybody opted out", table=c.PARTICIPANTS, remedy="add purchases")
        policy = selection.recipe.fit(learned, seed=config.seed)
    manifest = Manifest(
        model=policy.stages[0].model.name,
        dataset=data.config,
        fingerprint=dataset.fingerprint,
        cutoff_s=cutoff_s,
        seed=config.seed,
        recipe=Recipe.of(policy),
        vocabulary=learned.vocabulary,
        code_version=code_version(),
        versions=installed_versions(),
        metrics=_manifest_metrics(validation, test, min_people=config.gate.evaluation.min_people),
        split_config=config.split,
        split=_split_facts(cuts),
    )
    with _timed(seconds, "write"):
        snapshot = Snapshot.take(data, learned.vocabulary, as_of_s=cutoff_s)
        write_artifact(
            artifact,
            manifest,
            policy,
            snapshot,
            Evidence.count(learned),
            None if calibrated is None else calibrated.calibration,
        )
    return TrainingRecord(
        name=data.config.name,
        artifact=artifact,
        manifest=manifest,
        data=data,
        trials=selection.trials,
        blend=selection.blend,
        tuned_by=tuple(sorted(set(found.runs.values()))) if found is not None else (),
        validation=validation,
        test=test,
        seconds=seconds,
        evaluation=config.gate.evaluation,
        calibrated=calibrated,
    )


def _choose(
    data: IndexedDataset,
    cuts: tuple[Cut, Cut] | None,
    config: TrainingConfig,
    seconds: dict[str, float],
) -> tuple[Selection, dict[str, Evaluation], dict[str, Evaluation], Calibrated | None]:
    if cuts is None:
        say(
            f"fewer than {config.split.min_cases} purchases can be held out ([split] min_cases): "
            "nothing is measured, and unless a model is named popularity answers"
        )
        name = POPULAR if config.model == AUTO_NAME else config.model
        recipe = untried_recipe(name, config.fixed).exploring(config.exploration)
        return Selection(recipe, ()), {}, {}, None
    validation_cut, test_cut = cuts
    windows = (validation_cut, *earlier_windows(data, config.split, cuts, seed=config.seed))
    has_tokens = validation_cut.train.vocabulary.n_tokens > 0
    names = config.names(validation_cut.train)
    total = count_fits(names, config.fixed, has_tokens=has_tokens)
    with _timed(seconds, "select"), progress("comparing on validation", total=total) as advance:
        say(f"comparing {total} fits on {validation_cut.cases.n_cases:,} validation decisions")
        selection = select(
            data,
            windows,
            names=names,
            fixed=config.fixed,
            memory_mb=config.search_memory_mb,
            blend=config.blends,
            seed=config.seed,
            advance=advance,
        )
    with _timed(seconds, "balance_fit"):
        fitted = [selection.recipe.fit(window.train, seed=config.seed) for window in windows]
        lift = learn_balance_fit(data, windows, fitted) if config.balance_fit else None
        recipe = selection.recipe.with_balance_fit(lift).exploring(config.exploration)
    with _timed(seconds, "evaluate"):
        say(f"evaluating the choice on {test_cut.cases.n_cases:,} test decisions")
        chosen = replace(fitted[0], balance_fit=lift)
        validation = evaluate_beside_popularity(chosen, data, validation_cut)
        later = recipe.fit(test_cut.train, seed=config.seed)
        test = evaluate_beside_popularity(later, data, test_cut)
    with _timed(seconds, "calibrate"):
        say("calibrating scores as probabilities")
        calibrated = calibrate(data, (validation_cut, chosen), (test_cut, later), seed=config.seed)
    return replace(selection, recipe=recipe), validation, test, calibrated


def purchases_before(dataset: Dataset, until: datetime | None) -> Dataset:
    """The dataset without the purchases from `until` on.

    Raises:
        DataError: none is left.
    """
    if until is None:
        return dataset
    earlier = dataset.purchases[dataset.purchases[c.PURCHASED_AT] < until]
    if earlier.empty:
        raise DataError(
            f"nothing was bought before {until.isoformat()}",
            table=c.PURCHASES,
            remedy="give a later --until",
        )
    return replace(dataset, purchases=earlier.reset_index(drop=True))


def _cutoff(data: IndexedDataset, until: datetime | None) -> int:
    return end_of(data) if until is None else int(until.timestamp())


def _split_facts(cuts: tuple[Cut, Cut] | None) -> dict[str, str | int | float | None]:
    if cuts is None:
        return {"method": None}
    validation, test = cuts
    return {
        "method": test.method,
        "protocol": test.protocol,
        "validation_from": _iso(validation.train.as_of_s),
        "test_from": _iso(test.train.as_of_s),
        "validation_cases": validation.cases.n_cases,
        "test_cases": test.cases.n_cases,
    }


def _manifest_metrics(
    validation: dict[str, Evaluation], test: dict[str, Evaluation], *, min_people: int
) -> dict[str, float]:
    return {
        f"{cut}/{name}": value
        for cut, found in (("validation", validation), ("test", test))
        if CHOSEN in found
        for name, value in found[CHOSEN].metrics(min_people=min_people).items()
    }


def _iso(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat()


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[step] = round(time.perf_counter() - started, 3)
