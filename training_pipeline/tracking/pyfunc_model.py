"""The registered model as MLflow loads it: the artifact, asked through the one policy.

MLflow copies this file beside the artifact; `saldopas` itself must be installed.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext


class CourseRecommender(PythonModel):  # type: ignore[misc]
    """Top `n` courses of each participant, none above the balance."""

    def load_context(self, context: PythonModelContext) -> None:
        """Verify and map the artifact."""
        from saldopas.models.artifact.artifact import load_artifact

        self.artifact = load_artifact(Path(context.artifacts["saldopas"]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """A frame of participant_id, rank, course_id, score, source.

        Args:
            context: not used.
            model_input: `participant_id`, and maybe `balance` in whole units; without that
                column the balances are those that the artifact knows.
            params: `n`, how many courses, at least 1.

        Raises:
            ValueError: `n` is below 1.
        """
        from saldopas.features.requests.batch import request_moment
        from saldopas.training_pipeline.scoring.lists import score_participants

        count = int((params or {}).get("n", 5))
        if count < 1:
            raise ValueError(f"n is {count}; ask for 1 course or more")
        manifest = self.artifact.manifest
        return score_participants(
            self.artifact,
            model_input["participant_id"].astype(str).tolist(),
            model_input["balance"].tolist() if "balance" in model_input else None,
            n=count,
            as_of_s=request_moment(
                manifest.dataset, None, cutoff_s=manifest.cutoff_s, now_s=int(time.time())
            ),
        )


set_model(CourseRecommender())
