"""Record of a training: trials, choice, measurements, artifact, and the code's version."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.models.artifact.manifest import Manifest
from saldopas.training_pipeline.evaluating.evaluation import Evaluation
from saldopas.training_pipeline.evaluating.groups import shown_levels
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.training.blending import BlendLevel
from saldopas.training_pipeline.training.calibration.learn import Calibrated


def code_version() -> str:
    """`0.1.0+g1a2b3c4`, with `.dirty` where the checkout was changed; `0.1.0` outside git."""
    release = version("saldopas")
    described = _git("describe", "--always", "--dirty", "--abbrev=7", "--exclude=*")
    return f"{release}+g{described.replace('-dirty', '.dirty')}" if described else release


def _git(*arguments: str) -> str | None:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607 - the machine's git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


@dataclass(frozen=True)
class Trial:
    """A model that was tried on the validation cut for one stage.

    `place` is its order in the search of its model, from 1.
    """

    stage: str
    model: str
    config: dict[str, Any]
    score: float
    seconds: float
    chosen: bool
    place: int = 1


@dataclass(frozen=True)
class TrainingRecord:
    """One training, ready to be tracked.

    Attributes:
        name: the dataset's name; one MLflow experiment each.
        artifact: directory of the written artifact; manifest: what it says of itself.
        data: the indexed dataset (for plots and the dataset input).
        trials: everything that was compared on validation.
        blend: the weights by history length; empty where one model answers alone.
        tuned_by: MLflow runs of the tunings whose hyperparameters were used.
        validation, test: by policy, `chosen` and `popularity`; empty where nothing could be
            held out.
        seconds: duration of each step.
        evaluation: how sure its figures have to be, and the smallest group that they may show.
        calibrated: scores as probabilities; None where nothing could be held out.
    """

    name: str
    artifact: Path
    manifest: Manifest
    data: IndexedDataset
    trials: tuple[Trial, ...]
    blend: tuple[BlendLevel, ...]
    tuned_by: tuple[str, ...]
    validation: dict[str, Evaluation]
    test: dict[str, Evaluation]
    seconds: dict[str, float]
    evaluation: EvaluationConfig
    calibrated: Calibrated | None = None

    @property
    def told_blend(self) -> tuple[BlendLevel, ...]:
        """`blend` without the figures of too few participants."""
        people = [level.people for level in self.blend]
        shown = shown_levels(people, min_people=self.evaluation.min_people)
        pairs = zip(self.blend, shown, strict=True)
        return tuple(level if told else level.without_figures() for level, told in pairs)

    @property
    def beats_popularity(self) -> bool:
        """Whether the chosen policy is above popularity on the validation cut."""
        if not self.validation:
            return False
        chosen = self.validation["chosen"].mean("ndcg@10") or 0.0
        popular = self.validation["popularity"].mean("ndcg@10") or 0.0
        return chosen > popular
