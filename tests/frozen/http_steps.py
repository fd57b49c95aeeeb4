"""What the corpus sends over HTTP: steps of plain JSON, and what is kept of each answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.testclient import TestClient

Json = dict[str, Any]
OWN = frozenset({"request_id", "code_version", "service_version"})  # other at each run or release
KEPT_HEADERS = ("content-type", "allow", "retry-after", "www-authenticate")
PROFILE = {
    "gender": ["F", "M", "X"],
    "education": ["SD", "SMA", "Sarjana", "unheard of"],
    "province": ["Bali", "Jawa Barat", "Jawa Timur"],
    "employment": ["working", "jobseeker", "entrepreneur"],
    "urban": ["yes", "no"],
    "age": [17, 24, 33, 50, 64, ">=46", "26-35"],
    "wave": ["1", "2", 3],
    "shoe size": [38],
}
MOMENTS = (
    "2020-10-01",
    "2021-02-03T10:00:00+07:00",
    "2021-05-31T23:59:59",
    "2021-06-01T00:00:00Z",
    "2021-11-20T09:00:00+07:00",
    "2021-12-15T12:00:00",
    "2022-03-01",
    "1990-01-01",
)


def post(path: str, body: Any) -> Json:
    return {"method": "POST", "path": path, "json": body}


def get(path: str) -> Json:
    return {"method": "GET", "path": path}


def answered(client: TestClient, step: Json) -> Json:
    """Status, some headers and the body of one step."""
    headers = dict(step.get("headers", {}))
    content = step.get("content")
    response = client.request(
        step["method"],
        step["path"],
        json=step.get("json"),
        content=None if content is None else content.encode("latin-1"),
        headers=headers,
    )
    told: Json = {"status": response.status_code}
    for name in KEPT_HEADERS:
        if name in response.headers:
            told[name] = response.headers[name]
    if step["path"] == "/docs.json":
        told["paths"] = sorted(
            f"{method.upper()} {path}"
            for path, operations in response.json()["paths"].items()
            for method in operations
        )
    elif response.content and told.get("content-type", "").startswith("application/json"):
        erased = step["method"] == "DELETE"  # its rows count lists that may wait to be written
        told["body"] = without_own(response.json(), OWN | {"rows"} if erased else OWN)
    elif step["path"] != "/":
        told["text"] = response.text
    return told


def without_own(value: Any, own: frozenset[str] = OWN) -> Any:
    """The same with what is other at each run left out."""
    if isinstance(value, dict):
        return {
            key: "(own)" if key in own and isinstance(one, str | int) else without_own(one, own)
            for key, one in value.items()
        }
    return [without_own(one, own) for one in value] if isinstance(value, list) else value


def bodies(told: Json, names: list[str], rng: np.random.Generator, n: int) -> list[Json]:
    """Bodies of /recommend with every key, alone and together."""
    made = []
    for _ in range(n):
        body: Json = {}
        if rng.random() < 0.75:
            body["participant_id"] = _one(rng, names)
        if rng.random() < 0.4:
            body["balance"] = _amount(rng, told)
        if rng.random() < 0.7:
            body["n"] = int(rng.choice([1, 2, 5, 10, 20, 100]))
        if rng.random() < 0.2:
            body["purchased"] = _courses(rng, told, 6)
        if rng.random() < 0.3:
            body["profile"] = _profile(rng)
        if rng.random() < 0.25:
            body["exclude"] = _courses(rng, told, 20)
        if rng.random() < 0.15:
            body["category"] = _one(rng, [*told["category"], "no such category"])
        if rng.random() < 0.3:
            body["max_price"] = _amount(rng, told)
        if rng.random() < 0.4:
            body["as_of"] = _one(rng, list(MOMENTS))
        if rng.random() < 0.3:
            body["explain"] = True
        if rng.random() < 0.1:
            body |= dict.fromkeys(["category", "max_price", "as_of"])
        made.append(body)
    return made


def plan_bodies(told: Json, names: list[str], rng: np.random.Generator, n: int) -> list[Json]:
    """Bodies of /plan with every key."""
    made = []
    for body in bodies(told, names, rng, n):
        body.pop("explain", None)
        if "balance" in body or rng.random() < 0.5:
            body["balance"] = int(rng.choice([0, 100_000, 650_000, 1_000_000, 3_500_000]))
        options = {
            "max_courses": int(rng.integers(1, 11)),
            "must_include": _courses(rng, told, 2)[:2] or None,
            "max_per_category": int(rng.integers(1, 4)),
            "horizon": int(rng.integers(1, 60)),
            "announced_at": _one(rng, ["2021-06-01", "2021-11-15T08:00:00+07:00", "2020-10-01"]),
            "last_rated_at": _one(rng, ["2021-05-30", "2021-11-18T08:00:00+07:00"]),
            "rank_by": _one(rng, ["plan", "relevance"]),
        }
        made.append(body | {name: one for name, one in options.items() if rng.random() < 0.25})
    return made


def steps(told: Json, names: list[str], seed: list[int], *, stored: bool) -> dict[str, list[Json]]:
    """All that one world is asked, group by group, in this order.

    Args:
        told: `asking.catalogue`; names: known participants.
        seed: of the draws.
        stored: whether a store holds the world, so that events and participants are asked.
    """
    rng = np.random.default_rng(seed)
    some = [*rng.permutation(names)[:40].tolist(), "nobody-we-know"]
    asked = bodies(told, some, rng, 70)
    groups = {
        "recommend": [post("/recommend", body) for body in asked],
        "batch": [
            post("/recommend_batch", {"requests": asked[at : at + 6]}) for at in range(0, 42, 6)
        ]
        + [post("/recommend_batch", {"requests": [asked[0], {"n": 0}, 7, {"saldo": 1}, asked[1]]})],
        "plan": [post("/plan", body) for body in plan_bodies(told, some, rng, 45)],
        "explain": [
            post("/explain", body | {"course_id": _one(rng, [*told["ids"], "C99999"])})
            for body in bodies(told, some, rng, 40)
        ],
        "similar": [
            get(f"/courses/{name}/similar{tail}")
            for name, tail in zip(
                [*rng.permutation(told["ids"])[:11].tolist(), "C99999"],
                ["", "?n=1", "?n=50", "?n=0", "?n=x", "?m=1"] * 2,
                strict=True,
            )
        ],
        "participants": [get(f"/participants/{name}") for name in some[-15:]],
    }
    groups["page"] = [
        get("/page/facts.json"),
        post("/page/courses", {"ids": [*told["ids"][:7], "C99999"]}),
        get("/"),
    ]
    if stored:
        groups |= _events(told, some, rng)
    else:
        groups["errors"] = _errors()
    return groups


def _events(told: Json, names: list[str], rng: np.random.Generator) -> dict[str, list[Json]]:
    """A day of a few people: bought, finished, cancelled, repeated, refused, forgotten."""
    cheap = [told["ids"][item] for item in np.argsort(told["price"], kind="stable")[:30]]
    dear = told["ids"][int(np.argmax(told["price"]))]
    events: list[Json] = []
    for place, name in enumerate([*names[:12], "newcomer"]):
        first, second = (str(one) for one in rng.permutation(cheap)[:2])
        start = {"participant_id": name, "at": f"2021-11-{20 + place % 3}T09:00:00+07:00"}
        later = {"participant_id": name, "at": f"2021-11-{24 + place % 3}T09:00:00+07:00"}
        kinds: list[Json] = [
            {"kind": "impression", **start},
            {"kind": "click", "course_id": first, **start},
            {"kind": "purchase", "course_id": first, **start},
            {"kind": "purchase", "course_id": first, **start},
            {"kind": "purchase", "course_id": second, **start},
            {"kind": "finish", "course_id": first, "rating": 4.5, **later},
            {"kind": "purchase", "course_id": second, "starts_at": "2021-12-05", **later},
            {"kind": "cancel", "course_id": second, **later},
            {"kind": "purchase", "course_id": second, **later},
            {"kind": "purchase", "course_id": dear, "price": 1, **later},
            {"kind": "purchase", "course_id": dear, **later},
            {"kind": "cancel", "course_id": "C99999", **later},
            {"kind": "finish", "course_id": dear, **start},
            {"kind": "purchase", "course_id": second, "participant_id": name, "at": "2023-06-01"},
            {"kind": "purchase", "course_id": second, "participant_id": name, "at": "1960-06-01"},
        ]
        events += [{"event_id": f"e{place}-{at}", **one} for at, one in enumerate(kinds)]
    wrong: list[Any] = [
        {"event_id": "w1", "kind": "purchase", "participant_id": names[0]},
        {"event_id": "w2", "kind": "eats", "participant_id": names[0]},
        {"event_id": "w3", "kind": "impression", "participant_id": names[0], "rating": 3.0},
        {"event_id": "", "kind": "impression", "participant_id": names[0]},
        {"event_id": "w4", "kind": "impression", "participant_id": "a\0b"},
        {"kind": "impression", "participant_id": names[0]},
        {**events[2], "course_id": dear},
        7,
    ]
    bought = [str(name) for name in [*names[:12], "newcomer"]]
    after = [post("/recommend", {"participant_id": name, "n": 20}) for name in bought]
    after += [get(f"/participants/{name}") for name in bought]
    late = {"as_of": "2021-11-29T09:00:00+07:00", "rank_by": "plan"}
    after += [post("/plan", {"participant_id": name, **late}) for name in bought]
    gone = names[1]
    return {
        "events": [
            *(
                post("/events", {"events": events[at : at + 15]})
                for at in range(0, len(events), 15)
            ),
            post("/events", {"events": events[:15]}),
            post("/events", {"events": wrong}),
            post("/events", {"events": []}),
            post("/events", {}),
            post("/events", {"events": [], "more": 1}),
        ],
        "after_events": after,
        "erase": [
            {"method": "DELETE", "path": f"/participants/{gone}"},
            {"method": "DELETE", "path": f"/participants/{gone}"},
            {"method": "DELETE", "path": "/participants/nobody"},
            get(f"/participants/{gone}"),
            post("/recommend", {"participant_id": gone, "n": 20}),
            post("/plan", {"participant_id": gone, "balance": 1_000_000}),
            post("/explain", {"participant_id": gone, "course_id": dear}),
            post("/events", {"events": [{**events[17], "event_id": "again"}]}),
        ],
    }


def _errors() -> list[Json]:
    """What is refused, and the small operations."""
    json_type = {"content-type": "application/json"}

    def raw(path: str, content: str, **headers: str) -> Json:
        told = json_type | {name.replace("_", "-"): one for name, one in headers.items()}
        return {"method": "POST", "path": path, "content": content, "headers": told}

    wrong: list[Any] = [
        {"balance": "300000"},
        {"balance": True},
        {"balance": 300_000.0},
        {"balance": -1},
        {"balance": 2**53 + 1},
        {"max_price": 1e3},
        {"n": 0},
        {"n": 101},
        {"n": "5"},
        {"participant_id": 17},
        {"participant_id": ""},
        {"participant_id": "x" * 257},
        {"purchased": "C00001"},
        {"purchased": ["C00001", 2]},
        {"exclude": [True]},
        {"profile": []},
        {"profile": {"age": [27]}},
        {"profile": {"age": 1e300}},
        {"category": 4},
        {"as_of": 1_600_000_000},
        {"as_of": "yesterday"},
        {"as_of": "9999-12-31T23:59:59Z"},
        {"explain": 1},
        {"saldo": 1},
        {"saldo": 1, "balance": -1},
        [],
        7,
        None,
        "text",
    ]
    found = [post("/recommend", body) for body in wrong]
    found += [post("/plan", body) for body in wrong[:6]]
    found += [
        post("/plan", {"participant_id": "nobody"}),
        post("/plan", {"balance": 10**8 + 1}),
        post("/plan", {"balance": 1_000_000, "must_include": ["C99999"]}),
        post("/plan", {"balance": 0, "must_include": ["C00001"]}),
        post("/plan", {"balance": 1, "max_courses": 11}),
        post("/plan", {"balance": 1, "rank_by": "price"}),
        post("/explain", {"balance": 1}),
        post("/explain", {"course_id": 3}),
        post("/recommend_batch", {}),
        post("/recommend_batch", {"requests": []}),
        post("/recommend_batch", {"requests": {}}),
        post("/recommend_batch", {"requests": [{}] * 1_001}),
        post("/recommend_batch", {"requests": [{"n": "5"}, [], {"profile": {"a": []}}]}),
        post("/events", {"events": []}),
        {"method": "DELETE", "path": "/participants/P0000001"},
        get("/participants/a%00b"),
        get(f"/participants/{'x' * 257}"),
        raw("/recommend", ""),
        raw("/recommend", "{"),
        raw("/recommend", '{"balance": NaN}'),
        raw("/recommend", '{"balance": 1, "balance": 2}'),
        raw("/recommend", '{"category": "\xff"}'),
        raw("/recommend", '{"category": "\\ud800"}'),
        raw("/recommend", '{"balance": ' + "9" * 500 + "}"),
        raw("/recommend", "[" * 3_000),
        raw("/recommend", '{"category": "' + "x" * 5_000 + '"}'),
        raw("/recommend", "{}", content_type="text/plain"),
        raw("/recommend", "{}", content_type="application/json; charset=utf-8"),
        raw("/recommend", "{}", content_encoding="gzip"),
        get("/recommend"),
        get("/no/such/route"),
        get("/courses"),
        post("/version", {}),
        {"method": "PUT", "path": "/recommend"},
        {"method": "OPTIONS", "path": "/recommend"},
        {"method": "OPTIONS", "path": "/no/such/route"},
        {"method": "HEAD", "path": "/livez"},
        get("/livez"),
        get("/readyz"),
        get("/version"),
        get("/docs.json"),
        post("/page/courses", {"ids": "C00001"}),
        post("/page/courses", {}),
        get("/page/no/such.js"),
    ]
    return found


def _one(rng: np.random.Generator, values: list[Any]) -> Any:
    return values[int(rng.integers(len(values)))]


def _amount(rng: np.random.Generator, told: Json) -> int:
    near = int(_one(rng, told["price"])) + int(rng.choice([-1, 0, 1]))
    return max(0, int(rng.choice([0, near, near, int(rng.integers(0, 2_000_000)), 2**53])))


def _courses(rng: np.random.Generator, told: Json, most: int) -> list[str]:
    return [_one(rng, [*told["ids"], "unheard of"]) for _ in range(int(rng.integers(most + 1)))]


def _profile(rng: np.random.Generator) -> Json:
    return {name: _one(rng, values) for name, values in PROFILE.items() if rng.random() < 0.5}
