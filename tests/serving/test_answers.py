"""The clock of an answer, where the dataset says that requests are made now."""

from __future__ import annotations

from dataclasses import replace

from saldopas.serving.model.loaded import LoadedModel, Located, load_model
from saldopas.serving.recommend.answers import answer_all
from saldopas.serving.recommend.schemas import RecommendBody

from tests.serving.serving_world import ServingWorld

CUTOFF_S = 1_635_699_600  # 2021-11-01 in Jakarta


def declared_now(model: LoadedModel) -> LoadedModel:
    manifest = model.artifact.manifest
    dataset = manifest.dataset.model_copy(update={"as_of": "now"})
    changed = manifest.model_copy(update={"dataset": dataset})
    return replace(model, artifact=replace(model.artifact, manifest=changed))


def count(model: LoadedModel, *, now_s: int) -> int:
    body = RecommendBody(n=100)
    [answer] = answer_all([body], model, request_ids=["x"], now_s=now_s)
    return len(answer["items"])


def test_the_clock_counts_where_the_dataset_says_now_and_nowhere_else(world: ServingWorld) -> None:
    cutoff = load_model(Located(world.path, "1"))
    now = declared_now(cutoff)
    assert cutoff.artifact.manifest.cutoff_s == CUTOFF_S
    assert count(cutoff, now_s=0) == count(cutoff, now_s=CUTOFF_S) > 0
    assert count(now, now_s=0) == 0  # 1970: nothing is on sale
    assert count(now, now_s=CUTOFF_S) == count(cutoff, now_s=0)
