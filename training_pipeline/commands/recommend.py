"""`saldopas recommend`: courses for one participant that fit what is left."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from saldopas.store import DEFAULT_STORE, NO_STORE
from saldopas.training_pipeline.commands.options import AsOf, Json, Model, UsedStore, money
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
    from saldopas.training_pipeline.scoring.single_answer import answer_one
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
        _print(answer)


def _print(answer: dict[str, Any]) -> None:
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
