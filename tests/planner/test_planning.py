"""From a request to a plan: deadlines as the programme counts them, and a catalogue's days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from saldopas.features.requests.batch import MAX_PRICE, RequestBatch
from saldopas.features.scheme import SCHEMES
from saldopas.features.tables.dataset_config import DatasetConfig
from saldopas.models.planner.answer import looked_ahead, plans_answer
from saldopas.models.planner.courses import PlanConfig, PlanCourses
from saldopas.models.planner.planning import Planning, PlanWish
from saldopas.models.planner.problem import PlanRefusedError
from saldopas.models.policy.calibration import LEVELS, Calibration
from saldopas.models.policy.policy import Policy, Stage
from saldopas.models.recommenders.registry import MODELS

from tests.made import make_batch, make_courses, make_requests, make_training

WIB = ZoneInfo("Asia/Jakarta")
PRICES = (100, 200, 300, 400, 500)


def planning(scheme: str, **columns: object) -> Planning:
    """Five courses; people bought the first most and the last least."""
    courses = make_courses(PRICES, **{"duration_days": [5, 5, 5, 5, 5], **columns})
    rows = [[item] for item in range(5) for _ in range(10 - 2 * item)]
    train = make_training(rows, courses)
    model = MODELS["popularity"]
    popular = model.fit(model.config_type(), train, seed=0)
    policy = Policy((Stage("popular", popular),), courses)
    return Planning(policy, None, DatasetConfig(scheme=scheme))


def at(local: str) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=WIB).timestamp())


def request(moment: str, balance: int = 600) -> RequestBatch:
    return make_requests(
        make_batch([[]], n_items=5),
        as_of_s=np.array([at(moment)]),
        has_balance=np.array([True]),
        balance_rp=np.array([balance]),
    )


@pytest.mark.parametrize(
    ("scheme", "announced", "last", "too_late"),
    [
        ("2021", date(2021, 9, 22), "2021-10-21T23:59:59", "2021-10-22T00:00:00"),
        ("2023", date(2024, 2, 28), "2024-03-13T23:59:59", "2024-03-14T00:00:00"),
    ],
)
def test_the_first_purchase_may_be_planned_until_its_last_minute(
    scheme: str, announced: date, last: str, too_late: str
) -> None:
    wish = PlanWish(600, announced=announced)
    on_time = planning(scheme).asked(request(last), wish)
    assert on_time.days_left == 1
    assert plans_answer(planning(scheme), on_time)["alternatives"]
    late = plans_answer(planning(scheme), planning(scheme).asked(request(too_late), wish))
    assert late["alternatives"] == []
    assert late["reason"] is not None
    assert late["reason"]["code"] == "too_late"


def test_the_next_purchase_of_2023_may_be_planned_until_the_15th_day_of_the_rating() -> None:
    wish = PlanWish(600, last_rated=date(2024, 3, 1))
    asked = planning("2023").asked(request("2024-03-15T12:00:00"), wish)
    assert asked.deadline == ("next_purchase", date(2024, 3, 15), False)
    assert asked.days_left == 1
    late = planning("2023").asked(request("2024-03-16T00:00:00"), wish)
    assert not plans_answer(planning("2023"), late)["alternatives"]


def test_the_last_spending_day_of_2021_bounds_every_purchase() -> None:
    made = planning("2021")
    answer = plans_answer(made, made.asked(request("2021-12-12T08:00:00"), PlanWish(600)))
    bought = [one["buy"] for plan in answer["alternatives"] for one in plan["courses"]]
    assert bought
    assert max(str(day) for day in bought) <= "2021-12-15"
    # five days, then a rating: on 12 Dec only one course can still be bought
    assert all(len(plan["courses"]) == 1 for plan in answer["alternatives"])
    early = plans_answer(made, made.asked(request("2021-12-01T08:00:00"), PlanWish(600)))
    assert max(len(plan["courses"]) for plan in early["alternatives"]) == 3


def test_an_estimated_rating_postpones_but_never_forfeits() -> None:
    made = planning("2023")
    running = PlanWish(600, last_bought=(date(2024, 3, 1), 0))
    asked = made.asked(request("2024-03-02T08:00:00"), running)
    # bought on the 1st, begins on the 2nd, ends on the 6th, rated on the 7th
    assert date.fromordinal(asked.window.first_day) == date(2024, 3, 7)
    assert asked.deadline == ("next_purchase", date(2024, 3, 21), True)
    told = plans_answer(made, asked)["deadline"]
    assert told is not None
    assert told["text"] == "Perkiraan batas pembelian berikutnya: 21 Maret 2024 pukul 23.59"
    assert told["estimated"]
    long_ago = made.asked(request("2024-06-01T08:00:00"), running)
    assert long_ago.deadline is None
    assert plans_answer(made, long_ago)["alternatives"]


def test_a_purchase_after_the_moment_is_not_waited_for() -> None:
    made = planning("2021")
    later = PlanWish(600, last_bought=(date(2021, 11, 5), 0))
    assert made.asked(request("2021-11-04T23:59:59"), later).window.first_day == (
        date(2021, 11, 4).toordinal()
    )


@pytest.mark.parametrize(("order_only", "first_day"), [(False, 7), (True, 2)])
def test_dates_that_are_only_an_order_are_not_counted_from(
    order_only: bool, first_day: int
) -> None:
    made = planning("2023")
    made = replace(
        made, dataset=made.dataset.model_copy(update={"dates_are_order_only": order_only})
    )
    running = PlanWish(600, last_bought=(date(2024, 3, 1), 0))
    asked = made.asked(request("2024-03-02T08:00:00"), running)
    assert asked.window.first_day == date(2024, 3, first_day).toordinal()


def test_where_trainings_may_run_beside_one_another_nothing_is_waited_for() -> None:
    made = planning("none")
    running = PlanWish(600, last_bought=(date(2021, 12, 1), 0), finish_by=date(2021, 12, 5))
    asked = made.asked(request("2021-12-01T08:00:00"), running)
    plan = plans_answer(made, asked)["alternatives"][0]
    assert {(one["buy"], one["finish"]) for one in plan["courses"]} == {
        ("2021-12-01", "2021-12-05")
    }
    assert len(plan["courses"]) == 3
    late = replace(running, finish_by=date(2021, 12, 4))
    assert not plans_answer(made, made.asked(request("2021-12-01T08:00:00"), late))["alternatives"]


def test_lead_times_are_those_of_the_scheme_and_the_mode() -> None:
    courses = make_courses(PRICES, mode=["Webinar", "Luring", "Tatap muka", "Daring", "offline"])
    lead = PlanCourses.of(courses, SCHEMES["2023"], PlanConfig()).lead
    assert lead.tolist() == [1, 3, 3, 1, 3]
    assert PlanCourses.of(courses, SCHEMES["2021"], PlanConfig()).lead.tolist() == [0] * 5


def test_an_unknown_duration_is_the_usual_one() -> None:
    courses = make_courses(PRICES, duration_days=[3, None, 5, 9, None])
    found = PlanCourses.of(courses, SCHEMES["none"], PlanConfig())
    assert found.duration.tolist() == [3, 5, 5, 9, 5]
    bare = PlanCourses.of(make_courses(PRICES), SCHEMES["none"], PlanConfig())
    assert not bare.has_days


def test_courses_of_the_same_words_are_never_together() -> None:
    titles = ["Excel: Dasar", "excel dasar", "Barista", "Kue Kering", "Kebun"]
    made = planning("none", title=titles)
    answer = plans_answer(made, made.asked(request("2021-12-01T08:00:00"), PlanWish(600)))
    for plan in answer["alternatives"]:
        assert not {"c0", "c1"} <= {one["course_id"] for one in plan["courses"]}


def test_relevance_without_curves_is_the_share_of_the_scores() -> None:
    made = planning("none")
    asked = made.asked(request("2021-12-01T08:00:00", 10_000), PlanWish(10_000))
    assert asked.problem.relevance.sum() == pytest.approx(1)
    assert (np.diff(asked.problem.relevance) < 0).all()


def test_what_must_be_in_but_may_not_be_bought_is_refused() -> None:
    with pytest.raises(PlanRefusedError, match="c4 must be in, but may not be bought"):
        planning("none").asked(request("2021-12-01", 300), PlanWish(300, must_include=(4,)))


def test_a_wish_for_low_prices_is_no_low_balance() -> None:
    """What a price says of how wanted a course is depends on the balance, and on no wish."""
    one = np.ones(1)
    share = Calibration(  # twice as wanted where it takes all of the balance
        indptr=np.arange(2 * LEVELS + 1),
        score=np.zeros(2 * LEVELS),
        chance=np.full(2 * LEVELS, 0.1),
        mass=one,
        expected=one,
        price=one,
        price_factor=one,
        share=np.array([0.5, 1.0]),
        share_factor=np.array([1.0, 2.0]),
    )
    made = replace(planning("none"), calibration=share)
    wish = request("2021-12-01", 600).with_terms({MAX_PRICE: 200})
    asked = made.asked(wish, PlanWish(600))
    assert asked.item_idx.tolist() == [0, 1]
    assert asked.problem.relevance.tolist() == [0.5, 0.5]


def test_what_must_be_in_is_a_candidate_however_irrelevant() -> None:
    made = planning("none")
    few = Planning(made.policy, None, made.dataset, PlanConfig(candidates=2))
    asked = few.asked(request("2021-12-01", 600), PlanWish(600, must_include=(4,)))
    assert asked.item_idx.tolist() == [0, 1, 4]
    plans = plans_answer(few, asked)["alternatives"]
    assert all("c4" in {one["course_id"] for one in plan["courses"]} for plan in plans)


def test_a_course_that_leaves_money_nothing_can_use_strands() -> None:
    made = planning("none")
    asked = made.asked(request("2021-12-01T08:00:00", 550), PlanWish(550))
    strands = {
        one["course_id"]: one["strands"] for one in looked_ahead(made, asked, n=9, by_plan=False)
    }
    assert strands == {"c0": False, "c1": False, "c2": False, "c3": False, "c4": True}
