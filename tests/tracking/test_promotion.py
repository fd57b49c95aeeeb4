"""`champion` moves only through the gate, one move at a time, and every move is written down."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from tests.tracking.tracked import Tracked
from training_pipeline.console import RunFailedError
from training_pipeline.tracking.champion_pointer import POINTER
from training_pipeline.tracking.registry import (
    ModelNotFoundError,
    promote,
    publish_champion,
    resolve,
    rollback,
    versions,
)

GOOD, BETTER, POOR = 1, 2, 3


def aliases(tracked: Tracked) -> dict[str, int]:
    found = tracked.client.get_registered_model("course-recommender").aliases
    return {alias: int(version) for alias, version in found.items()}


def audit(tracked: Tracked) -> list[dict[str, object]]:
    file = tracked.home / "promotions.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def pointer(tracked: Tracked) -> dict[str, object]:
    return dict(json.loads((tracked.home / POINTER).read_text()))


def test_the_first_champion_has_no_previous(tracked: Tracked) -> None:
    move = promote(GOOD)
    assert (move.from_version, move.to_version, move.forced) == (None, GOOD, False)
    assert aliases(tracked)["champion"] == GOOD
    assert "previous" not in aliases(tracked)


def test_the_old_champion_becomes_previous(tracked: Tracked) -> None:
    promote(GOOD)
    promote(BETTER, reason="more data")
    assert {"champion": BETTER, "previous": GOOD}.items() <= aliases(tracked).items()
    assert [line["to_version"] for line in audit(tracked)] == [GOOD, BETTER]
    last = audit(tracked)[-1]
    assert last["reason"] == "more data"
    assert last["who"]
    assert str(last["at"]).endswith("+00:00")
    tag = tracked.client.get_model_version("course-recommender", str(BETTER)).tags
    assert json.loads(tag["saldopas.promotion"]) == last


def test_no_better_than_popularity_is_refused(tracked: Tracked) -> None:
    promote(GOOD)
    with pytest.raises(RunFailedError, match="version 3 does not beat popularity"):
        promote(POOR)
    assert aliases(tracked)["champion"] == GOOD
    assert len(audit(tracked)) == 1


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_force_needs_a_reason(tracked: Tracked, reason: str | None) -> None:
    with pytest.raises(RunFailedError, match="--reason"):
        promote(POOR, force=True, reason=reason)
    assert "champion" not in aliases(tracked)


def test_force_with_a_reason_is_written_down(tracked: Tracked) -> None:
    promote(POOR, force=True, reason="an experiment for a week")
    assert aliases(tracked)["champion"] == POOR
    assert audit(tracked)[-1]["forced"] is True


def test_the_champion_again_changes_nothing(tracked: Tracked) -> None:
    promote(GOOD)
    promote(BETTER)
    assert not promote(BETTER).changed
    assert {"champion": BETTER, "previous": GOOD}.items() <= aliases(tracked).items()
    assert len(audit(tracked)) == 2


def test_an_unknown_version_is_refused(tracked: Tracked) -> None:
    with pytest.raises(ModelNotFoundError, match="no version 42"):
        promote(42)


def test_rollback_swaps_and_a_second_one_undoes_it(tracked: Tracked) -> None:
    promote(GOOD)
    promote(BETTER)
    assert rollback(reason="complaints").to_version == GOOD
    assert {"champion": GOOD, "previous": BETTER}.items() <= aliases(tracked).items()
    assert rollback().to_version == BETTER
    assert [line["action"] for line in audit(tracked)] == ["promote"] * 2 + ["rollback"] * 2


def test_rollback_needs_a_previous_champion(tracked: Tracked) -> None:
    promote(GOOD)
    with pytest.raises(RunFailedError, match="no previous champion"):
        rollback()


def test_a_changed_artifact_is_refused_and_the_champion_stays(tracked: Tracked) -> None:
    promote(GOOD)
    courses = resolve(str(BETTER)) / "courses.parquet"
    good = courses.read_bytes()
    courses.write_bytes(good[:-1] + b"!")
    try:
        with pytest.raises(RunFailedError, match=r"courses\.parquet was changed"):
            promote(BETTER)
    finally:
        courses.write_bytes(good)
    assert aliases(tracked)["champion"] == GOOD
    assert pointer(tracked)["version"] == GOOD


def test_the_service_is_told_where_the_champion_lies(tracked: Tracked) -> None:
    promote(GOOD)
    promote(BETTER)
    told = pointer(tracked)
    assert set(told) == {"artifact", "version"}  # what serving reads, and nothing else
    assert told["version"] == BETTER
    assert tracked.home / str(told["artifact"]) == resolve("champion")


def test_an_alias_that_was_moved_in_mlflow_is_published(tracked: Tracked) -> None:
    promote(GOOD)
    tracked.client.set_registered_model_alias("course-recommender", "champion", str(BETTER))
    assert publish_champion() == resolve(str(BETTER))
    assert pointer(tracked)["version"] == BETTER


def test_promotions_at_once_end_in_one_of_them(tracked: Tracked) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(promote, [GOOD, BETTER, GOOD, BETTER]))
    lines = audit(tracked)
    for before, after in pairwise(lines):
        assert after["from_version"] == before["to_version"]  # a chain: none was overtaken
    assert aliases(tracked)["champion"] == lines[-1]["to_version"] == pointer(tracked)["version"]
    assert aliases(tracked)["previous"] == lines[-1]["from_version"]
    assert not list(Path(tracked.home).glob(f".{POINTER}-*"))


def test_versions_are_listed_newest_first(tracked: Tracked) -> None:
    promote(GOOD)
    found = versions()
    assert [info.version for info in found] == [POOR, BETTER, GOOD]
    assert [info.beats_popularity for info in found] == [False, True, True]
    assert found[-1].aliases == ("champion",)
    assert found[0].aliases == ("challenger",)
    assert found[-1].model == "sequence-ridge"
    assert found[-1].score == pytest.approx(
        tracked.record.validation["chosen"].mean("ndcg@10"), abs=1e-6
    )
