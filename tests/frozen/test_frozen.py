"""Today's answers are those of release e7ca9b3, but for what was decided.

Lists and their order, masks, plans, printed documents and HTTP bodies must be the same, floats to
1e-5 relative. The docstring of the package says how the corpus was made.

A difference that is meant is a decision: write it down in `docs/decisions`, and add to `DECIDED` a
`Decided` with the paths that it covers (a test that fails prints them), its file, and as narrowly
as possible what was asked (`asked`) and what may stand there instead (`allows`). A decision whose
file is missing fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frozen import asking
from tests.frozen.comparing import Decided, differences, in_words, undecided
from tests.frozen.replaying import (
    HERE,
    STORED,
    WORLDS,
    over_http,
    read,
    run,
    scored,
    through_bento,
    training,
    unpack,
)

DECISIONS = HERE.parent.parent / "docs" / "decisions"


def names_a_price(step: dict[str, Any]) -> bool:
    """Whether a body, or one of a batch, has a `max_price`."""
    body = step.get("json") or {}
    bodies = body.get("requests", [body])
    return any(isinstance(one, dict) and one.get("max_price") is not None for one in bodies)


DECIDED = {
    "with a balance fit, the highest price wanted changes no score": Decided(
        where=r"http/(blend2021|factors2023|als2021)(\+store)?/(recommend|batch|explain)/.*",
        file="0017-one-request.md",
        asked=names_a_price,
    ),
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release's tables and artifacts."""
    directory = tmp_path_factory.mktemp("frozen")
    unpack(directory)
    return directory


def check(where: str, frozen: Any, today: Any) -> None:
    """Fails with the differences that nobody decided."""
    left = undecided(differences(frozen, today, where), DECIDED.values())
    assert not left, in_words(left)


@pytest.mark.parametrize("world", WORLDS)
def test_lists_and_masks(world: str, worlds: Path) -> None:
    frozen = read("policies")[world]
    artifact = asking.loaded(worlds / world / "artifact")
    rows, grown = frozen["rows"], frozen["grown"]
    check(f"{world}/allowed", frozen["allowed"], asking.allowed(artifact, rows))
    check(f"{world}/ranked", frozen["ranked"], asking.ranked(artifact, rows))
    today = asking.allowed(artifact, grown, grown=True)
    check(f"{world}/grown_allowed", frozen["grown_allowed"], today)
    check(
        f"{world}/grown_ranked", frozen["grown_ranked"], asking.ranked(artifact, grown, grown=True)
    )


@pytest.mark.parametrize("world", WORLDS)
def test_a_batch_equals_its_single_requests(world: str, worlds: Path) -> None:
    artifact = asking.loaded(worlds / world / "artifact")
    rows = read("policies")[world]["rows"][::6]
    single = [asking.ranked(artifact, [row])[0] for row in rows]
    assert single == asking.ranked(artifact, rows)


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_recipe_fitted_again(world: str, worlds: Path) -> None:
    frozen = read("policies")[world]
    artifact = asking.loaded(worlds / world / "artifact")
    today = asking.refitted_lists(worlds / world / "data", artifact, frozen["rows"][::8])
    check(f"{world}/refitted", frozen["refitted"], today)


def test_a_whole_training(worlds: Path) -> None:
    check("training", read("training"), training(worlds))


def test_plans_of_bare_problems() -> None:
    frozen = read("planner")
    today = [asking.solved(problem) for problem in frozen["problems"]]
    check("solved", frozen["solved"], today)


@pytest.mark.parametrize("world", WORLDS)
def test_plans_of_requests(world: str, worlds: Path) -> None:
    frozen = read("planner")[world]
    artifact = asking.loaded(worlds / world / "artifact")
    asked = zip(frozen["rows"], frozen["wishes"], strict=True)
    today = [asking.planned(artifact, row, wish) for row, wish in asked]
    check(f"{world}/planned", frozen["planned"], today)


@pytest.mark.parametrize("world", [*WORLDS, *(f"{name}+store" for name in STORED)])
def test_http(world: str, worlds: Path) -> None:
    frozen = read("http")[world]
    name, _, stored = world.partition("+")
    check_steps(world, frozen, over_http(worlds / name, frozen["asked"], stored=bool(stored)))


def test_http_through_bento(worlds: Path, tmp_path: Path) -> None:
    frozen = read("http")["explored2023+store"]
    today = through_bento(worlds / "explored2023", frozen["asked"], tmp_path)
    check_steps("explored2023+store", frozen, today)


def check_steps(world: str, frozen: dict[str, Any], today: dict[str, Any]) -> None:
    """Step by step, since a decision may be about some steps alone."""
    left = []
    for group, steps in frozen["asked"].items():
        for place, step in enumerate(steps):
            where = f"http/{world}/{group}/{place}"
            one = differences(frozen["answers"][group][place], today[group][place], where)
            left += undecided(one, DECIDED.values(), step)
    assert not left, in_words(left)


@pytest.mark.parametrize("world", WORLDS)
def test_command_line(world: str, worlds: Path) -> None:
    frozen = read("commands")[world]
    today = [run(worlds / world, arguments) for arguments in frozen["asked"]]
    check(f"commands/{world}", frozen["answers"], today)
    check(f"score/{world}", frozen["score"], scored(worlds / world))


@pytest.mark.parametrize("name", DECIDED)
def test_a_decision_is_written_down(name: str) -> None:
    assert (DECISIONS / DECIDED[name].file).is_file()
