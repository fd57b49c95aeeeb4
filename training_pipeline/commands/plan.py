"""`saldopas plan`: sets of courses for one participant that use up what is left."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from saldopas.store import DEFAULT_STORE, NO_STORE
from saldopas.training_pipeline.commands.options import AsOf, Json, Model, UsedStore, money
from saldopas.training_pipeline.console import OUT, print_json, print_table, rupiah


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
    from saldopas.training_pipeline.scoring.single_plan import PlanOptions, plan_one
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
        _print(answer)


def _print(answer: dict[str, Any]) -> None:
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
