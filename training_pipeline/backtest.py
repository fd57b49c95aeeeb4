"""An artifact measured on purchases that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.align import align_courses
from features.dataset import read_dataset
from features.errors import DataError
from features.indexed import IndexedDataset, index_dataset
from features.split import cut_after, make_cuts
from models.artifact import Artifact, load_artifact
from training_pipeline.evaluation import Evaluation
from training_pipeline.train import evaluate_beside_popularity


def evaluate_model(path: Path, source: str) -> dict[str, Any]:
    """What `saldopas evaluate --json` prints: `fitted`, and each policy's summary.

    Raises:
        DataError: nothing in the data can be predicted.
        ArtifactError: the artifact is damaged.
    """
    artifact = load_artifact(path)
    dataset = read_dataset(source)
    data = index_dataset(align_courses(dataset, artifact.policy.courses.frame))
    served = _served(artifact, data)
    fitted = "served" if served is not None else "refitted before the test cut"
    found = served if served is not None else _refitted(artifact, data)
    return {
        "model": artifact.manifest.model,
        "fitted": fitted,
        "same_data": dataset.fingerprint == artifact.manifest.fingerprint,
        "evaluations": {name: evaluation.summary() for name, evaluation in found.items()},
    }


def _served(artifact: Artifact, data: IndexedDataset) -> dict[str, Evaluation] | None:
    manifest = artifact.manifest
    cut = cut_after(
        data,
        manifest.split_config,
        vocabulary=manifest.vocabulary,
        as_of_s=manifest.cutoff_s,
        seed=manifest.seed,
    )
    if cut is None:
        return None
    return evaluate_beside_popularity(artifact.policy.over(data.courses), data, cut)


def _refitted(artifact: Artifact, data: IndexedDataset) -> dict[str, Evaluation]:
    manifest = artifact.manifest
    cuts = make_cuts(data, manifest.split_config, seed=manifest.seed)
    if cuts is None:
        raise DataError(
            "too few purchases to hold any out",
            table="purchases",
            remedy="evaluate on data that goes on after the model's cut-off",
        )
    test = cuts[1]
    policy = manifest.recipe.fit(test.train, seed=manifest.seed)
    return evaluate_beside_popularity(policy, data, test)
