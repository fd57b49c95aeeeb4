"""The curves of a training, and how well they hold on decisions that they were not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.splits.split import Cut
from saldopas.models.policy.calibration import Calibration
from saldopas.models.policy.policy import Policy
from saldopas.training_pipeline.training.calibration.learn import learn_calibration
from saldopas.training_pipeline.training.calibration.measure import Reliability, measure


@dataclass(frozen=True)
class Calibrated:
    """Curves of the validation cut, and their reliability on the test cut."""

    calibration: Calibration
    reliability: Reliability


def calibrate(
    data: IndexedDataset,
    validation: tuple[Cut, Policy],
    test: tuple[Cut, Policy],
    *,
    seed: int,
) -> Calibrated:
    """Fit on the validation cut, read the test cut once.

    Args:
        data: the indexed dataset.
        validation, test: each cut, and the policy fitted on its training part.
        seed: draws decisions where a cut has many.
    """
    calibration = learn_calibration(data, *validation, seed=seed)
    return Calibrated(calibration, measure(calibration, data, *test, seed=seed))
