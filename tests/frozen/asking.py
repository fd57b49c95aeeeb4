"""How the corpus asks the code: the one file here that knows names of the product.

Everything that goes in and comes out is plain JSON, so that it means the same to any code. Whoever
moves or renames what is imported here changes this file, and neither corpus nor comparison.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.indexed import index_dataset
from saldopas.features.requests.batch import Request, RequestBatch, batch_of
from saldopas.features.requests.participants import KnownParticipant
from saldopas.features.splits.split_config import SplitConfig
from saldopas.features.tables.dataset import read_dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.models.planner.ahead import what_is_left
from saldopas.models.planner.answer import looked_ahead, plans_answer
from saldopas.models.planner.days import CourseDays, Window
from saldopas.models.planner.frontier import alternatives
from saldopas.models.planner.plan import solve
from saldopas.models.planner.planning import Planning, PlanWish
from saldopas.models.planner.problem import PlanProblem, PlanRefusedError
from saldopas.models.policy.exploration import ExplorationConfig
from saldopas.models.policy.policy import Policy
from saldopas.serving.http.app import create_app
from saldopas.serving.http.keys import KeyRing
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import ModelSlot
from saldopas.serving.store.desk import StoreDesk
from saldopas.store.engine import open_store, upgrade_store
from saldopas.store.load import load_store
from saldopas.training_pipeline.commands.main import app as command_line
from saldopas.training_pipeline.training.config import TrainingConfig
from saldopas.training_pipeline.training.train import train
from starlette.testclient import TestClient
from typer.testing import CliRunner

Json = dict[str, Any]
TRAINED = TrainingConfig(
    search=False,
    blend=True,
    balance_fit=True,
    compared=("item-neighbours", "ease", "sequence-ridge"),
    exploration=ExplorationConfig(share=0.05, max_purchases=5),
    split=SplitConfig(share=0.2, min_cases=10),
    seed=11,
)
STEP_LIMIT = 5_000_000  # of a search of the planner: enough to prove every plan of the corpus


def loaded(artifact: Path) -> Artifact:
    """A world's artifact."""
    return load_artifact(artifact)


def ranked(artifact: Artifact, rows: Sequence[Json], *, grown: bool = False) -> list[Json]:
    """The list of each request, asked together; `grown`: over a catalogue with new courses."""
    policy = _grown(artifact.policy) if grown else artifact.policy
    found = policy.recommend(_batch(artifact, policy, rows))
    chances = found.propensity if found.drawn is not None else None
    lists = []
    for row in range(len(rows)):
        at = found.row(row)
        one = {
            "items": found.item_idx[at].tolist(),
            "scores": _short(found.scores[at]),
            "source": found.source[at].tolist(),
        }
        if chances is not None:
            one["propensity"] = _short(chances[at])
            one["explored"] = found.explored[at].astype(int).tolist()
        lists.append(one)
    return lists


def allowed(artifact: Artifact, rows: Sequence[Json], *, grown: bool = False) -> list[str]:
    """What each request may get, bit by bit in hexadecimal."""
    policy = _grown(artifact.policy) if grown else artifact.policy
    mask = policy.allowed(_batch(artifact, policy, rows)).allowed
    return [np.packbits(row).tobytes().hex() for row in mask]


def planned(artifact: Artifact, row: Json, wish: Json) -> Json:
    """Plans of one request, and single courses by both orders."""
    planning = Planning(artifact.policy, artifact.calibration, artifact.manifest.dataset)
    request = _batch(artifact, artifact.policy, [row])
    try:
        problem = planning.asked(request, _wish(wish))
        return {
            **plans_answer(planning, problem, step_limit=STEP_LIMIT),
            "by_plan": looked_ahead(planning, problem, n=10, by_plan=True),
            "by_relevance": looked_ahead(planning, problem, n=10, by_plan=False),
        }
    except PlanRefusedError as error:
        return {"refused": error.reason, "text": str(error)}


def solved(problem: Json) -> Json:
    """The best plan of a bare problem, the alternatives, and what each single course leaves."""
    try:
        asked = _problem(problem)
        best = solve(asked, step_limit=STEP_LIMIT)
        others = alternatives(asked, step_limit=STEP_LIMIT)
        ahead = what_is_left(asked, step_limit=STEP_LIMIT)
    except PlanRefusedError as error:
        return {"refused": error.reason, "text": str(error)}
    return {
        "best": _plan(best),
        "alternatives": [
            {
                "keys": list(one.keys),
                "on_frontier": one.on_frontier,
                "gap_rp": one.gap_rp,
                **_plan(one.plan),
            }
            for one in others
        ],
        "ahead": {
            "possible": ahead.possible.astype(int).tolist(),
            "leftover_rp": ahead.leftover_rp.tolist(),
            "strands": ahead.strands.astype(int).tolist(),
            "value": np.round(ahead.value, 9).tolist(),
            "plan_leftover_rp": ahead.plan_leftover_rp.tolist(),
            "next_item": ahead.next_item.tolist(),
            "optimal": ahead.optimal.astype(int).tolist(),
        },
    }


def retrained(data: Path, artifact: Path) -> Json:
    """The recipe that a training chooses on a world's tables; its artifact is written."""
    record = train(read_dataset(data), TRAINED, artifact=artifact)
    manifest = record.manifest
    return {
        "recipe": manifest.recipe.model_dump(mode="json"),
        "fingerprint": manifest.fingerprint,
        "cutoff_s": manifest.cutoff_s,
        "split": manifest.split,
        "metrics": manifest.metrics,
    }


def refitted_lists(data: Path, artifact: Artifact, rows: Sequence[Json]) -> list[Json]:
    """The lists of the artifact's own recipe, fitted again on the world's tables."""
    indexed = index_dataset(read_dataset(data))
    cutoff_s = artifact.manifest.cutoff_s
    learned = indexed.training_set(indexed.seen_before(cutoff_s), as_of_s=cutoff_s)
    policy = artifact.manifest.recipe.fit(learned, seed=artifact.manifest.seed)
    found = policy.recommend(_batch(artifact, policy, rows))
    return [
        {
            "items": found.item_idx[found.row(row)].tolist(),
            "scores": _short(found.scores[found.row(row)]),
        }
        for row in range(len(rows))
    ]


@contextmanager
def service(artifact: Path, store: str | None = None) -> Iterator[TestClient]:
    """The application of one worker, over a store or without one."""
    settings = Settings(
        artifact=artifact,
        model_version="frozen",
        store=store,
        store_timeout_ms=5_000,
        log_requests=False,
        max_body_bytes=4_096,
    )
    slot, desk = ModelSlot(), StoreDesk(settings)
    slot.load(settings)
    desk.open()
    app = create_app(slot, settings, KeyRing(None), desk)
    try:
        with TestClient(
            app,
            base_url="http://localhost",
            client=("127.0.0.1", 50_000),
            raise_server_exceptions=False,
        ) as client:
            yield client
    finally:
        desk.close()


def filled_store(data: Path, directory: Path) -> str:
    """The URL of a new store that holds a world's tables."""
    url = f"sqlite:///{directory}/store.db"
    engine = open_store(url)
    upgrade_store(engine)
    load_store(engine, read_dataset(data), advance=lambda count=1: None)
    engine.dispose()
    return url


def command(directory: Path, arguments: Sequence[str]) -> Json:
    """Exit code and standard output of `saldopas` in a directory without a store."""
    with chdir(directory):
        done = CliRunner().invoke(
            command_line, list(arguments), env={"SALDOPAS_STORE": None, "COLUMNS": "100"}
        )
    return {"exit_code": done.exit_code, "stdout": done.stdout}


def _batch(artifact: Artifact, policy: Policy, rows: Sequence[Json]) -> RequestBatch:
    """Rows as the corpus has them; a key that is missing is empty, 0 or no limit."""
    requests = [
        Request(
            KnownParticipant(
                history=row.get("history", []),
                tokens=row.get("tokens", []),
                owned=row.get("owned", []),
                balance_rp=row.get("limit"),
                age_at_least=row.get("age", 0),
                education_at_least=row.get("education", 0),
            ),
            as_of_s=row["at"],
            count=row["count"],
            excluded=row.get("excluded", []),
        )
        for row in rows
    ]
    n_items, n_tokens = policy.courses.n_items, artifact.vocabulary.n_tokens
    return batch_of(requests, n_items=n_items, n_tokens=n_tokens)


def _grown(policy: Policy) -> Policy:
    """Over a catalogue in which the first ten courses stand again at its end, at other prices."""
    frame = policy.courses.table.to_pandas()
    new = frame.iloc[:10].copy()
    new["course_id"] = [f"N{place:05}" for place in range(10)]
    new["price"] = new["price"] + 1_000
    both = pd.concat([frame, new], ignore_index=True)
    order = ("SD", "SMP", "SMA", "Diploma", "Sarjana")
    return policy.over(CourseTable.from_frame(both, education_order=order))


def _wish(wish: Json) -> PlanWish:
    days = ("finish_by", "announced", "last_rated")
    day = {name: date.fromisoformat(wish[name]) for name in days if name in wish}
    last = wish.get("last_bought")
    return PlanWish(
        balance_rp=wish["balance_rp"],
        max_courses=wish.get("max_courses", 8),
        must_include=tuple(wish.get("must_include", ())),
        max_per_category=wish.get("max_per_category"),
        finish_by=day.get("finish_by"),
        announced=day.get("announced"),
        last_rated=day.get("last_rated"),
        last_bought=None if last is None else (date.fromisoformat(last[0]), last[1]),
    )


def _problem(told: Json) -> PlanProblem:
    days = told.get("days")
    pairs = told.get("near_duplicates")
    category = told.get("category")
    return PlanProblem(
        price_rp=np.array(told["price_rp"], np.int64),
        relevance=np.array(told["relevance"], np.float64),
        balance_rp=told["balance_rp"],
        max_courses=told["max_courses"],
        leftover_price=told["leftover_price"],
        category=None if category is None else np.array(category, np.int64),
        max_per_category=told.get("max_per_category"),
        near_duplicates=None if pairs is None else np.array(pairs, np.int64).reshape(-1, 2),
        must_include=tuple(told.get("must_include", ())),
        days=None
        if days is None
        else CourseDays(
            lead=np.array(days["lead"], np.int64),
            duration=np.array(days["duration"], np.int64),
            last_sale_day=np.array(days["last_sale_day"], np.int64),
            window=Window(**days["window"]),
        ),
    )


def _plan(plan: Any) -> Json:
    days = plan.days
    return {
        "items": plan.items.tolist(),
        "total_rp": int(plan.total_rp),
        "leftover_rp": int(plan.leftover_rp),
        "relevance": round(float(plan.relevance), 9),
        "value": round(float(plan.value), 9),
        "optimal": bool(plan.optimal),
        "gap": float(f"{plan.gap:.9g}"),
        "days": None
        if days is None
        else [days.buy.tolist(), days.start.tolist(), days.finish.tolist()],
    }


def _short(values: np.ndarray) -> list[float]:
    """Nine digits, which say all of a float32."""
    return [float(f"{value:.9g}") for value in values.tolist()]


os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
