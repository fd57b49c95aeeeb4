"""Makes the corpus: what the code beside this file answers, over the small worlds.

The committed corpus is of release e7ca9b3. To make it again, take the commit that brought this
folder, whose product code is the release's own:

    git worktree add ../released d941d01
    cd ../released && make setup
    .venv/bin/python -m tests.frozen.make_corpus --worlds ../main/tests/frozen/worlds.zip OUT

With `--worlds` the artifacts and tables are those of the given file; without it they are trained
anew and written to OUT/worlds.zip. Run at a later commit, it says what that commit answers.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.frozen import asking
from tests.frozen.http_steps import MOMENTS, answered, steps, without_own
from tests.frozen.make_worlds import SPECS, make_world
from tests.planner.cases import random_case

Json = dict[str, Any]
HERE = Path(__file__).parent
SEED = 29
ROWS = 240
PLANS = 50
PROBLEMS = 260
TRAINED_WORLD = "trained2021"
STORED = ("sequence2021", "explored2023", "factors2023", "bare")
PARTS: dict[str, Callable[[Path], Json]] = {}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Make the frozen corpus.")
    parser.add_argument("--worlds", type=Path)
    parser.add_argument("--only", choices=[*PARTS])
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        worlds = Path(directory)
        if given.worlds is None:
            for name in SPECS:
                make_world(name, worlds / name)
            pack(worlds, given.out / "worlds.zip")
        else:
            unpack(given.worlds, worlds)
        for name, make in PARTS.items():
            if given.only in (None, name):
                write(given.out / f"{name}.json.xz", make(worlds))


def pack(worlds: Path, to: Path) -> None:
    """The same files give the same bytes."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_LZMA) as file:
        for path in sorted(worlds.rglob("*")):
            if path.is_file():
                name = zipfile.ZipInfo(str(path.relative_to(worlds)))
                name.compress_type = zipfile.ZIP_LZMA
                file.writestr(name, path.read_bytes())


def unpack(worlds: Path, to: Path) -> None:
    """Artifacts and tables, each in a folder of its world."""
    with zipfile.ZipFile(worlds) as file:
        file.extractall(to)


def write(path: Path, value: Json) -> None:
    """JSON, one top-level value a line."""
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(one, separators=(',', ':'), ensure_ascii=False)}"
        for name, one in value.items()
    )
    path.write_bytes(lzma.compress(f"{{{lines}}}".encode(), preset=9))
    sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes\n")


def read(name: str) -> Json:
    """One part of the committed corpus."""
    value: Json = json.loads(lzma.decompress((HERE / f"{name}.json.xz").read_bytes()))
    return value


def policies(worlds: Path) -> Json:
    """By world: requests as plain rows, their lists and what is allowed."""
    found = {}
    for place, name in enumerate(SPECS):
        artifact = asking.loaded(worlds / name / "artifact")
        rng = np.random.default_rng([SEED, place])
        rows = policy_rows(artifact, rng)
        grown = rows[:: ROWS // 30]
        found[name] = {
            "rows": rows,
            "ranked": asking.ranked(artifact, rows),
            "allowed": asking.allowed(artifact, rows),
            "grown": grown,
            "grown_ranked": asking.ranked(artifact, grown, grown=True),
            "grown_allowed": asking.allowed(artifact, grown, grown=True),
            "refitted": asking.refitted_lists(worlds / name / "data", artifact, rows[::8]),
        }
    return found


def policy_rows(artifact: Any, rng: np.random.Generator) -> list[Json]:
    """Known people as they are, and changed in every way; strangers; all rules."""
    told = asking.catalogue(artifact)
    n_items, n_tokens = len(told["ids"]), told["n_tokens"]
    names = asking.participant_ids(artifact)
    known = asking.people(artifact, [*rng.permutation(names)[: ROWS - 20], *["nobody"] * 20])
    prices = np.unique(told["price"])
    moments = [told["cutoff_s"]] * 6 + [
        int(one) for kind in ("from", "until") for one in told[kind] if abs(one) < 2**40
    ]
    rows = []
    for place, row in enumerate(known):
        if rng.random() < 0.15:  # another history, with repeated courses
            length = int(rng.integers(0, 12))
            row["history"] = rng.integers(0, n_items, length).tolist()
        if rng.random() < 0.15 and n_tokens:
            row["tokens"] = sorted(rng.permutation(n_tokens)[: rng.integers(0, 7)].tolist())
        if rng.random() < 0.5:
            row["limit"] = _amount(rng, prices)
        elif rng.random() < 0.2:
            row.pop("limit", None)
        if rng.random() < 0.4:
            row["age"], row["education"] = int(rng.integers(16, 65)), int(rng.integers(0, 6))
        if rng.random() < 0.3:
            row["excluded"] = rng.integers(0, n_items, int(rng.integers(1, 40))).tolist()
        row["at"] = int(rng.choice(moments)) + int(rng.choice([0, 0, 1, -1]))
        row["count"] = int(rng.choice([0, 1, 2, 5, 10, 20, n_items, 2 * n_items])) if place else 5
        rows.append(row)
    return rows


def _amount(rng: np.random.Generator, prices: np.ndarray) -> int:
    """Nothing, a price or a rupiah beside one, any sum, or so much that nothing is too dear."""
    near = int(rng.choice(prices)) + int(rng.choice([-1, 0, 1]))
    return max(0, int(rng.choice([0, near, near, int(rng.integers(0, 4_000_000)), 10**12])))


def planner(worlds: Path) -> Json:
    """Bare problems with their plans; by world, plans of requests."""
    rng = np.random.default_rng(SEED)
    problems = [_told(random_case(rng, largest=60)) for _ in range(PROBLEMS)]
    found: Json = {"problems": problems, "solved": [asking.solved(one) for one in problems]}
    for place, name in enumerate(SPECS):
        artifact = asking.loaded(worlds / name / "artifact")
        rng = np.random.default_rng([SEED, 100 + place])
        rows = [{**row, "count": 5} for row in policy_rows(artifact, rng)[:PLANS]]
        wishes = [_wish(rng, row, artifact) for row in rows]
        found[name] = {
            "rows": rows,
            "wishes": wishes,
            "planned": [
                asking.planned(artifact, row, wish) for row, wish in zip(rows, wishes, strict=True)
            ],
        }
    return found


def _told(problem: Any) -> Json:
    told: Json = {
        "price_rp": problem.price_rp.tolist(),
        "relevance": np.round(problem.relevance, 9).tolist(),
        "balance_rp": problem.balance_rp,
        "max_courses": problem.max_courses,
        "leftover_price": problem.leftover_price,
    }
    for name in ("category", "near_duplicates"):
        if getattr(problem, name) is not None:
            told[name] = getattr(problem, name).tolist()
    if problem.max_per_category is not None:
        told["max_per_category"] = problem.max_per_category
    if problem.must_include:
        told["must_include"] = list(problem.must_include)
    if problem.days is not None:
        days = problem.days
        told["days"] = {
            "lead": days.lead.tolist(),
            "duration": days.duration.tolist(),
            "last_sale_day": days.last_sale_day.tolist(),
            "window": {
                name: getattr(days.window, name) for name in days.window.__dataclass_fields__
            },
        }
    return told


def _wish(rng: np.random.Generator, row: Json, artifact: Any) -> Json:
    n_items = len(asking.catalogue(artifact)["ids"])
    day = np.datetime64(int(row["at"]) + 7 * 3_600, "s").astype("datetime64[D]")
    wish: Json = {"balance_rp": min(row.get("limit", 3_500_000), 10**8)}
    row["limit"] = wish["balance_rp"]
    near = {"finish_by": (3, 60), "announced": (-40, 1), "last_rated": (-20, 3)}
    for name, (first, last) in near.items():
        if rng.random() < 0.3:
            wish[name] = str(day + int(rng.integers(first, last)))
    if rng.random() < 0.3:
        wish["last_bought"] = [str(day - int(rng.integers(-1, 30))), int(rng.integers(n_items))]
    if rng.random() < 0.3:
        wish["max_per_category"] = int(rng.integers(1, 4))
    if rng.random() < 0.5:
        wish["max_courses"] = int(rng.integers(1, 11))
    if rng.random() < 0.3:
        mask = np.unpackbits(np.frombuffer(bytes.fromhex(asking.allowed(artifact, [row])[0]), "u1"))
        may = np.flatnonzero(mask)
        if len(may):
            wish["must_include"] = rng.permutation(may)[: int(rng.integers(1, 3))].tolist()
        if rng.random() < 0.1:
            wish["must_include"] = [int(rng.integers(n_items))]
    return wish


def http(worlds: Path) -> Json:
    """By world: steps and answers, without a store and with one."""
    found: Json = {}
    for place, name in enumerate(SPECS):
        artifact = asking.loaded(worlds / name / "artifact")
        told, names = asking.catalogue(artifact), asking.participant_ids(artifact)
        for stored in (False, True) if name in STORED else (False,):
            asked = steps(told, names, [SEED, 200 + place, stored], stored=stored)
            if not stored and place:
                del asked["errors"]  # the same in every world
            answers = over_http(worlds / name, asked, stored=stored)
            found[f"{name}+store" if stored else name] = {"asked": asked, "answers": answers}
    return found


def over_http(world: Path, asked: dict[str, list[Json]], *, stored: bool) -> Json:
    """The answers to all steps, in their order."""
    with tempfile.TemporaryDirectory() as directory:
        store = asking.filled_store(world / "data", Path(directory)) if stored else None
        with asking.service(world / "artifact", store) as client:
            return {
                group: [answered(client, step) for step in some] for group, some in asked.items()
            }


def commands(worlds: Path) -> Json:
    """What `saldopas` prints: `{world}` stands for the world's folder."""
    found: Json = {}
    for place, name in enumerate(SPECS):
        artifact = asking.loaded(worlds / name / "artifact")
        names = asking.participant_ids(artifact)
        rng = np.random.default_rng([SEED, 300 + place])
        few = rng.permutation(names)[: 2 if place else 6].tolist()
        asked = command_lines(rng, [*few, "nobody"], more=place == 0)
        found[name] = {
            "asked": asked,
            "answers": [run(worlds / name, arguments) for arguments in asked],
            "score": scored(worlds / name),
        }
    return found


def training(worlds: Path) -> Json:
    """What a whole training chooses and measures."""
    with tempfile.TemporaryDirectory() as directory:
        told = asking.retrained(worlds / TRAINED_WORLD / "data", Path(directory) / "artifact")
    return {TRAINED_WORLD: told}


def command_lines(rng: np.random.Generator, names: list[str], *, more: bool) -> list[list[str]]:
    """Arguments of `recommend` and `plan`; `more`: of other commands and refusals too."""
    asked = []
    for place, name in enumerate(names):
        who = ["--participant", name, "--model", "{world}/artifact", "--json"]
        money = ["--balance", str(int(rng.choice([0, 200_000, 640_000, 1_000_000])))]
        moment = ["--as-of", str(rng.choice(MOMENTS))]
        asked.append(["recommend", *who, "--n", str(rng.integers(1, 30)), "--explain"])
        asked.append(["recommend", *who, *money, *moment])
        asked.append(["plan", *who, *money, "--rank-by", "plan", "--max-courses", "4"])
        asked.append(["plan", *who, *money, *moment, "--rank-by", "relevance", "--horizon", "30"])
        asked.append(["plan", *who, "--max-per-category", "1", "--announced", "2021-06-01"])
        if more and place == 0:
            asked += [
                ["recommend", *who, "--n", "0"],
                ["recommend", *who, "--balance", "-1"],
                ["recommend", "--participant", name, "--model", "{world}/no-such", "--json"],
                ["plan", *who, *money, "--must-include", "C99999"],
                ["store", "load", "{world}/data", "--store", "sqlite:///store.db", "--json"],
                ["store", "load", "{world}/data", "--store", "sqlite:///store.db", "--json"],
                ["validate", "{world}/data", "--json"],
            ]
    return asked


def run(world: Path, arguments: list[str]) -> Json:
    """Exit code, and the JSON document where there is one; paths are taken out."""
    path = world / "run"
    path.mkdir(exist_ok=True)
    done = asking.command(path, [one.replace("{world}", str(world)) for one in arguments])
    text = done["stdout"].replace(str(world), "{world}")
    if done["exit_code"] == 0 and "--json" in arguments:
        return {"exit_code": 0, "json": without_own(json.loads(text))}
    return {"exit_code": done["exit_code"], "text": text}


def scored(world: Path) -> Json:
    """The lists of `saldopas score` for everybody, and for given balances."""
    path = world / "run"
    path.mkdir(exist_ok=True)
    asked = "participant_id,balance\nP0000001,300000\nP0000002,\nnobody,90000\nP0000003,0\n"
    (path / "asked.csv").write_text(asked)
    found = {}
    for kind, more in (("everybody", []), ("asked", ["--requests", "asked.csv", "--n", "30"])):
        options = ["--model", f"{world}/artifact", "--out", f"{kind}.csv", "--json"]
        done = asking.command(path, ["score", f"{world}/data", *options, "--n", "3", *more])
        told = json.loads(done["stdout"])
        kept = {key: told[key] for key in ("rows", "participants", "unknown")}
        with (path / f"{kind}.csv").open(newline="") as file:
            rows = [*csv.DictReader(file)]
        lists = [
            [row["participant_id"], int(row["rank"]), row["course_id"], row["source"]]
            for row in rows
        ]
        found[kind] = {**kept, "lists": lists, "scores": [float(row["score"]) for row in rows]}
    return found


PARTS |= {
    "policies": policies,
    "planner": planner,
    "http": http,
    "commands": commands,
    "training": training,
}

if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
