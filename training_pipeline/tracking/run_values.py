"""A training as MLflow keeps it: flat parameters, metrics and tags, without a person in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from saldopas.models.policy.policy import Source
from saldopas.training_pipeline.evaluating.evaluation import MAIN_METRIC, Evaluation
from saldopas.training_pipeline.evaluating.measured import FAMILY
from saldopas.training_pipeline.tracking.model_card import HeldOutQuality
from saldopas.training_pipeline.tracking.runs import FINGERPRINT
from saldopas.training_pipeline.training.record import TrainingRecord

if TYPE_CHECKING:
    pass


RANKING = ("ndcg@", "hit@", "recall@", "mrr@", "coverage@")  # `metrics` has them
BEATS_POPULARITY = "saldopas.beats_popularity"
MODEL = "saldopas.model"
TUNED_BY = "saldopas.tuned_by"  # the tuning runs whose hyperparameters were used
MAIN_END = f"/all/{MAIN_METRIC}".replace("@", "_at_")
MAIN = f"validation{MAIN_END}"
MAIN_TAG = f"saldopas.{MAIN}".replace("/", ".")


def parameters(record: TrainingRecord) -> dict[str, str]:
    """`data.*`, `split.*`, `stage.<source>.*` and the seed."""
    manifest, data = record.manifest, record.data
    values: dict[str, object] = {
        "data.name": record.name,
        "data.fingerprint": manifest.fingerprint,
        "data.participants": data.n_people,
        "data.courses": data.courses.n_items,
        "data.purchases": len(data.kept),
        "data.cutoff": datetime.fromtimestamp(manifest.cutoff_s, UTC).isoformat(),
        "data.scheme": manifest.dataset.scheme,
        "data.profile_tokens": manifest.vocabulary.n_tokens,
        "seed": manifest.seed,
    }
    values |= {f"split.{name}": value for name, value in manifest.split.items()}
    for stage in manifest.recipe.stages:
        values[f"stage.{stage.source}.model"] = stage.model
        values |= hyperparameters(stage.source, stage.typed_config.model_dump(mode="json"))
    return {name: str(value) for name, value in values.items()}


def hyperparameters(stage: Source | str, config: dict[str, object]) -> dict[str, object]:
    """`stage.<source>.<hyperparameter>`."""
    return {f"stage.{stage}.{name}": value for name, value in config.items()}


def metrics(record: TrainingRecord) -> dict[str, float]:
    """`<cut>/<group>/<metric>` of the chosen policy, `<cut>_popularity/...`, `seconds/<step>`.

    Groups of too few participants are not there.

    MLflow shows them in this order: the main metric of every policy and cut first.
    """
    values: dict[str, float] = {}
    for cut, evaluations in (("validation", record.validation), ("test", record.test)):
        for policy, evaluation in evaluations.items():
            prefix = cut if policy == "chosen" else f"{cut}_{policy}"
            values |= _flat(prefix, evaluation, record.evaluation.min_people)
    first = {name: value for name, value in values.items() if name.endswith(MAIN_END)}
    seconds = {f"seconds/{step}": value for step, value in record.seconds.items()}
    return first | values | _calibration(record) | seconds


def _calibration(record: TrainingRecord) -> dict[str, float]:
    """`calibration/...` on the test cut."""
    if record.calibrated is None:
        return {}
    found = record.calibrated.reliability.metrics()
    return {f"calibration/{name.replace('@', '_at_')}": value for name, value in found.items()}


def beyond_ranking(quality: HeldOutQuality | None) -> dict[str, float]:
    """`test/all/...` at 10 of the registered recipe that `metrics` does not hold, and intervals."""
    if quality is None:
        return {}
    found = quality.intervals["chosen"]["all"]
    values = {
        name: found[name].mean for name in FAMILY if name in found and not name.startswith(RANKING)
    }
    values |= {f"{MAIN_METRIC}_low": found[MAIN_METRIC].low}
    values |= {f"{MAIN_METRIC}_high": found[MAIN_METRIC].high}
    return {
        f"test/all/{name.replace('@', '_at_')}": value
        for name, value in values.items()
        if value is not None
    }


def tags(record: TrainingRecord) -> dict[str, str]:
    """Tags by which runs and versions are searched."""
    manifest = record.manifest
    values = {
        "saldopas.dataset": record.name,
        FINGERPRINT: manifest.fingerprint,
        "saldopas.code_version": manifest.code_version,
        MODEL: manifest.model,
        BEATS_POPULARITY: str(record.beats_popularity).lower(),
    }
    if record.tuned_by:
        values[TUNED_BY] = ", ".join(record.tuned_by)
    if record.validation:
        values[MAIN_TAG] = f"{record.validation['chosen'].mean(MAIN_METRIC):.6f}"
    return values


def _flat(prefix: str, evaluation: Evaluation, min_people: int) -> dict[str, float]:
    means = {
        f"{prefix}/{name.replace('@', '_at_')}": value
        for name, value in evaluation.metrics(min_people=min_people).items()
    }
    cases = {
        f"{prefix}/{group}/cases": float(row.sum())
        for group, row in evaluation.shown(min_people=min_people).items()
    }
    return means | cases
