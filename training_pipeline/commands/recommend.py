"""`saldopas recommend`, `plan` and `score`: what a model answers to one and to many."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from saldopas.store import DEFAULT_STORE, NO_STORE
from saldopas.training_pipeline.commands.options import (
    AsOf,
    Data,
    Json,
    Model,
    UsedStore,
    moment,
    money,
)
from saldopas.training_pipeline.console import OUT, print_json, print_table, rupiah


def recommend(
    participant: Annotated[
        str, typer.Option(help="Participant id; an unknown one gets popular courses that fit.")
    ],
    balance: Annotated[
        int | None,
        typer.Option(
            parser=money(most=2**53),
            metavar="AMOUNT",
            help="What is left; by default what the store knows, else the model.",
        ),
    ] = None,
    n: Annotated[int, typer.Option(min=1, max=100, help="How many courses.")] = 5,
    as_of: AsOf = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Why each course: the terms of its score.")
    ] = False,
    model: Model = "champion",
    store: UsedStore = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Courses that suit a participant and fit the balance.

    Example: `saldopas recommend --participant P0000001 --balance 300000 --n 5`
    """
    from saldopas.training_pipeline.scoring.single import answer_one
    from saldopas.training_pipeline.tracking.registry import resolve

    answer = answer_one(
        resolve(model),
        participant,
        balance_rp=balance,
        n=n,
        as_of=as_of,
        explain=explain,
        store=None if store == NO_STORE else store,
    )
    if as_json:
        print_json(answer)
    else:
        _print_answer(answer)


def _print_answer(answer: dict[str, Any]) -> None:
    left = answer["balance"]
    money = rupiah if answer["currency"] == "IDR" else lambda amount: f"{amount:,}"
    title = f"{answer['participant_id']}: " + (
        "no limit known" if left is None else f"{money(left)} left"
    )
    if not answer["known"]:
        title += " (unknown participant: popular courses)"
    if not answer["items"]:
        why = "Nothing is left that may be bought."
        if left is not None:
            why = "Nothing that may be bought costs so little."
        OUT.print(f"{title}\n{why}", markup=False)
        return
    rows = [
        (
            rank,
            item["course_id"],
            item["title"],
            money(item["price"]),
            None if item["balance_after"] is None else money(item["balance_after"]),
            item["source"],
        )
        for rank, item in enumerate(answer["items"], start=1)
    ]
    print_table(title, ("rank", "course", "title", "price", "left after", "source"), rows)
    for item in answer["items"]:
        for reason in item.get("reasons", ()):
            part = f"{reason['contribution'] / item['score']:+.0%}" if item["score"] else ""
            OUT.print(f"{item['course_id']}  {part:>5}  {reason['text_en']}", markup=False)


class RankBy(StrEnum):
    """How single courses are listed."""

    plan = "plan"
    relevance = "relevance"


def plan(
    participant: Annotated[
        str, typer.Option(help="Participant id; an unknown one gets popular courses.")
    ],
    balance: Annotated[
        int | None,
        typer.Option(
            parser=money(most=10**8),
            metavar="AMOUNT",
            help="What is left; by default what the store knows, else the model.",
        ),
    ] = None,
    max_courses: Annotated[int, typer.Option(min=1, max=10, help="Of one plan.")] = 8,
    must_include: Annotated[
        list[str] | None, typer.Option(help="Course id that is in every plan; may be repeated.")
    ] = None,
    max_per_category: Annotated[
        int | None, typer.Option(min=1, max=10, help="At most so many of one category.")
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(min=1, max=3_660, help="Days by whose end all is finished, today counted."),
    ] = None,
    as_of: AsOf = None,
    announced: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the announcement, for the first deadline."),
    ] = None,
    rank_by: Annotated[
        RankBy | None, typer.Option(help="List single courses too, by plan or by relevance.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, max=100, help="How many single courses.")] = 5,
    model: Model = "champion",
    store: UsedStore = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Plans for one participant: courses in order, what each leaves, and by when.

    Example: `saldopas plan --participant P0000001 --balance 1000000 --max-courses 4`
    """
    from saldopas.training_pipeline.scoring.single import PlanOptions, plan_one
    from saldopas.training_pipeline.tracking.registry import resolve

    answer = plan_one(
        resolve(model),
        participant,
        balance_rp=balance,
        options=PlanOptions(
            max_courses=max_courses,
            must_include=must_include or (),
            max_per_category=max_per_category,
            horizon=horizon,
            announced=None if announced is None else announced.date(),
            rank_by=None if rank_by is None else rank_by.value,
        ),
        n=n,
        as_of=as_of,
        store=None if store == NO_STORE else store,
    )
    if as_json:
        print_json(answer)
    else:
        _print_plans(answer)


def _print_plans(answer: dict[str, Any]) -> None:
    money = rupiah if answer["currency"] == "IDR" else lambda amount: f"{amount:,}"
    known = "" if answer["known"] else " (unknown participant: popular courses)"
    OUT.print(f"{answer['participant_id']}: {money(answer['balance'])} left{known}", markup=False)
    if answer["deadline"] is not None:
        OUT.print(answer["deadline"]["text_en"], markup=False)
    if answer["reason"] is not None:
        OUT.print(answer["reason"]["text_en"], markup=False)
    for one in answer["alternatives"]:
        proof = ""
        if one["gap_money"]:
            proof = f", at most {money(one['gap_money'])} more than the least"
        elif not one["optimal"]:
            proof = f", at most {one['gap']:.4f} below the best"
        print_table(
            f"{one['name']} ({one['name_en']}): {money(one['leftover'])} left over, "
            f"relevance {one['relevance']:.4f}{proof}",
            ("course", "title", "price", "left after", "relevance", "bought, finished"),
            [
                (
                    course["course_id"],
                    course["title"],
                    money(course["price"]),
                    money(course["balance_after"]),
                    course["relevance"],
                    None if course["buy"] is None else f"{course['buy']} {course['finish']}",
                )
                for course in one["courses"]
            ],
        )
    if answer["courses"]:
        print_table(
            "Single courses, and the best plan that begins with each",
            ("course", "title", "price", "left after", "strands", "plan leaves", "plan's value"),
            [
                (
                    one["course_id"],
                    one["title"],
                    money(one["price"]),
                    money(one["balance_after"]),
                    "yes" if one["strands"] else "no",
                    money(one["plan_leftover"]),
                    one["plan_value"],
                )
                for one in answer["courses"]
            ],
        )


def score(
    source: Data,
    out: Annotated[Path, typer.Option(help="Where the lists go (.parquet or .csv).")],
    requests: Annotated[
        Path | None,
        typer.Option(
            help="Parquet or CSV of participant_id and maybe balance (missing: no limit). "
            "Without it: every participant, with the own remaining balance."
        ),
    ] = None,
    n: Annotated[int, typer.Option(min=1, max=10_000, help="Courses a participant.")] = 20,
    model: Model = "champion",
    as_of: Annotated[
        datetime | None,
        typer.Option(
            parser=moment, metavar="ISO", help="The moment; by default the end of the data."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the top N courses of each participant: participant_id, rank, course_id, score, source.

    Histories and profiles come from DATA, so people who are new since the training are scored too.
    """
    from saldopas.training_pipeline.scoring.lists import score_to_file
    from saldopas.training_pipeline.tracking.registry import resolve

    done = score_to_file(resolve(model), source, requests=requests, out=out, n=n, as_of=as_of)
    if as_json:
        print_json(done)
    else:
        OUT.print(
            f"{out}: {done['rows']:,} courses for {done['participants']:,} participants "
            f"({done['unknown']:,} of them unknown) in {done['seconds']:.1f} s"
        )
