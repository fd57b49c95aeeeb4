"""`champion` moves only through the gate, one move at a time, and every move is written down."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from mlflow import MlflowClient
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.tracking.champion import Promotion, history
from saldopas.training_pipeline.tracking.champion_pointer import POINTER
from saldopas.training_pipeline.tracking.promotion import promote, publish_champion, rollback
from saldopas.training_pipeline.tracking.registry import ModelNotFoundError, resolve, versions

from tests.tracking.tracked import Tracked

GOOD, SAME, POOR = 1, 2, 3
RACE = """
import sys
from saldopas.training_pipeline.console import RunFailedError
from saldopas.training_pipeline.tracking.promotion import promote
try:
    promote(int(sys.argv[1]))
except RunFailedError as error:
    sys.exit(str(error))
"""


def move(version: int, reason: str = "to see the aliases move") -> Promotion:
    """Versions 1 and 2 are the same, so the gate sees no gain in either."""
    return promote(version, force=True, reason=reason)


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
    move(SAME, "more data")
    assert {"champion": SAME, "previous": GOOD}.items() <= aliases(tracked).items()
    assert [line["to_version"] for line in audit(tracked)] == [GOOD, SAME]
    last = audit(tracked)[-1]
    assert last["reason"] == "more data"
    assert last["who"]
    assert str(last["at"]).endswith("+00:00")
    tag = tracked.client.get_model_version("course-recommender", str(SAME)).tags
    assert json.loads(tag["saldopas.promotion"]) == last


def test_no_better_than_popularity_is_refused(tracked: Tracked) -> None:
    promote(GOOD)
    with pytest.raises(RunFailedError, match="version 3 is refused by popularity"):
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
    move(SAME)
    assert not move(SAME).changed
    assert {"champion": SAME, "previous": GOOD}.items() <= aliases(tracked).items()
    assert len(audit(tracked)) == 2


def test_an_unknown_version_is_refused(tracked: Tracked) -> None:
    with pytest.raises(ModelNotFoundError, match="no version 42"):
        promote(42)


def test_rollback_swaps_and_a_second_one_undoes_it(tracked: Tracked) -> None:
    promote(GOOD)
    move(SAME)
    assert rollback(reason="complaints").to_version == GOOD
    assert {"champion": GOOD, "previous": SAME}.items() <= aliases(tracked).items()
    assert rollback().to_version == SAME
    assert [line["action"] for line in audit(tracked)] == ["promote"] * 2 + ["rollback"] * 2


def test_rollback_needs_a_previous_champion(tracked: Tracked) -> None:
    promote(GOOD)
    with pytest.raises(RunFailedError, match="no previous champion"):
        rollback()


def test_a_changed_artifact_is_refused_and_the_champion_stays(tracked: Tracked) -> None:
    promote(GOOD)
    courses = resolve(str(SAME)) / "courses.parquet"
    good = courses.read_bytes()
    courses.write_bytes(good[:-1] + b"!")
    try:
        with pytest.raises(RunFailedError, match=r"courses\.parquet was changed"):
            move(SAME)
    finally:
        courses.write_bytes(good)
    assert aliases(tracked)["champion"] == GOOD
    assert pointer(tracked)["version"] == GOOD


def test_the_service_is_told_where_the_champion_lies(tracked: Tracked) -> None:
    promote(GOOD)
    move(SAME)
    told = pointer(tracked)
    assert set(told) == {"artifact", "version"}  # what serving reads, and nothing else
    assert told["version"] == SAME
    assert tracked.home / str(told["artifact"]) == resolve("champion")


def test_a_forced_move_names_the_rules_that_refused(tracked: Tracked) -> None:
    promote(GOOD)
    assert move(SAME).overridden == ("main-metric",)  # no data was given to compare on
    assert audit(tracked)[-1]["overridden"] == ["main-metric"]


def test_history_holds_every_move(tracked: Tracked) -> None:
    promote(GOOD)
    move(SAME, "more data")
    rollback(reason="complaints")
    assert [(one.action, one.from_version, one.to_version, one.reason) for one in history()] == [
        ("promote", None, GOOD, None),
        ("promote", GOOD, SAME, "more data"),
        ("rollback", SAME, GOOD, "complaints"),
    ]
    (tracked.home / "promotions.jsonl").unlink()  # as another machine sees a shared store
    assert [one.to_version for one in history()][-2:] == [SAME, GOOD]


def test_two_processes_at_once_end_in_one_champion(tracked: Tracked) -> None:
    """Both see no champion; the slower one then meets a champion, and is not compared with it."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(version)], stderr=subprocess.PIPE, text=True
        )
        for version in (GOOD, SAME)
    ]
    told = [process.communicate(timeout=300)[1] for process in running]
    codes = [process.returncode for process in running]
    assert sorted(codes) == [0, 1], told
    winner = (GOOD, SAME)[codes.index(0)]
    assert "is refused by main-metric" in told[codes.index(1)]
    assert aliases(tracked)["champion"] == winner == pointer(tracked)["version"]
    assert [line["to_version"] for line in audit(tracked)] == [winner]


def test_a_move_that_breaks_off_leaves_a_line_and_the_champion(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(GOOD)

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_registered_model_alias", full_disk)
        with pytest.raises(OSError, match="no space"):
            move(SAME)
    assert aliases(tracked)["champion"] == GOOD == pointer(tracked)["version"]
    assert [line["to_version"] for line in audit(tracked)] == [GOOD, SAME]


def test_an_alias_that_was_moved_in_mlflow_is_published(tracked: Tracked) -> None:
    promote(GOOD)
    tracked.client.set_registered_model_alias("course-recommender", "champion", str(SAME))
    assert publish_champion() == resolve(str(SAME))
    assert pointer(tracked)["version"] == SAME


def test_promotions_at_once_end_in_one_of_them(tracked: Tracked) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(move, [GOOD, SAME, GOOD, SAME]))
    lines = audit(tracked)
    for before, after in pairwise(lines):
        assert after["from_version"] == before["to_version"]  # a chain: none was overtaken
    assert aliases(tracked)["champion"] == lines[-1]["to_version"] == pointer(tracked)["version"]
    assert aliases(tracked)["previous"] == lines[-1]["from_version"]
    assert not list(Path(tracked.home).glob(f".{POINTER}-*"))


def test_versions_are_listed_newest_first(tracked: Tracked) -> None:
    promote(GOOD)
    found = versions()
    assert [info.version for info in found] == [POOR, SAME, GOOD]
    assert [info.beats_popularity for info in found] == [False, True, True]
    assert found[-1].aliases == ("champion",)
    assert found[0].aliases == ("challenger",)
    assert found[-1].model == "sequence-ridge"
    assert found[-1].score == pytest.approx(
        tracked.record.validation["chosen"].mean("ndcg@10"), abs=1e-6
    )


def test_no_reason_and_no_torn_line_breaks_the_history(tracked: Tracked) -> None:
    promote(GOOD, force=True, reason="first\u2028second")
    with (tracked.home / "promotions.jsonl").open("a") as file:
        file.write('{"action": "promote", "from')  # as a full disk leaves it
    move(SAME, "after it")
    assert [one.reason for one in history()] == ["first\u2028second", "after it"]
