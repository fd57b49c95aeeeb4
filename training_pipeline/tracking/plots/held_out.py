"""Which decisions the figures show, and how they are called."""

from __future__ import annotations

from saldopas.training_pipeline.evaluating.evaluation import Evaluation
from saldopas.training_pipeline.training.record import TrainingRecord

CUT_WORDS = {
    "by-date": "later purchases",
    "leave-last-out": "everybody's last purchase",
    "by-participant": "participants who were held out",
}


def held_out(record: TrainingRecord) -> dict[str, Evaluation]:
    """The test cut, which nothing was chosen on; empty where nothing was held out."""
    return record.test or record.validation


def decisions(evaluation: Evaluation) -> str:
    """For a subtitle."""
    words = CUT_WORDS.get(evaluation.method, evaluation.method)
    return f"{len(evaluation.cases):,} decisions of the {evaluation.cut} cut ({words})"
