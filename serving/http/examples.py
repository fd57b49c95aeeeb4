"""Examples in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping

ITEM = {
    "course_id": "C00042",
    "title": "Dasar Pemasaran Digital",
    "category": "Penjualan & Pemasaran",
    "price": 249_000,
    "score": 0.0712,
    "balance_after": 51_000,
    "source": "history",
    "reasons": [
        {
            "code": "history",
            "text": "121 dari 604 peserta yang mengambil Barista Pemula, seperti kamu, juga "
            "mengambil ini",
            "text_en": "121 of 604 people who took Barista Pemula, as you did, took this too",
            "contribution": 0.0712,
            "course_id": "C00107",
            "people": {"took": 121, "of": 604},
        }
    ],
}
ANSWER = {
    "request_id": "0f8b1c6e3a4d4d0f9c53a2f1f0b7e9aa",
    "model_version": "3",
    "participant_id": "P0000123",
    "balance": 300_000,
    "degraded": False,
    "items": [ITEM],
}
EXPLANATION = {
    "request_id": "0f8b1c6e3a4d4d0f9c53a2f1f0b7e9aa",
    "model_version": "3",
    "participant_id": "P0000123",
    "balance": 229_000,
    "degraded": False,
    **ITEM,
    "balance_after": None,
    "allowed": False,
    "rules": [
        {
            "code": "above_balance",
            "message": "Rp20.000 di atas saldo",
            "message_en": "Rp20.000 above the balance",
        }
    ],
    "rank": None,
}
SIMILAR = {
    "model_version": "3",
    "course_id": "C00107",
    "items": [
        {
            "course_id": "C00042",
            "title": "Dasar Pemasaran Digital",
            "category": "Penjualan & Pemasaran",
            "price": 249_000,
            "similarity": 0.1584,
            "people": {"took": 121, "of": 604},
        }
    ],
}
HEALTH = {"status": "ready", "store": "up"}
VERSION = {
    "model_version": "3",
    "model": "blend",
    "dataset": "sample",
    "cutoff": "2021-10-31T17:00:00+00:00",
    "code_version": "0.3.0",
    "service_version": "0.3.0",
    "artifact": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "data": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "stages": [{"source": "popular", "model": "popularity"}],
}
ERROR = {"error": {"code": "out_of_range", "message": "...", "field": "balance"}}
PAGE_FACTS = {
    "model_version": "3",
    "dataset": "sample",
    "generated": True,
    "currency": "IDR",
    "timezone": "Asia/Jakarta",
    "now": "2021-11-20T00:00:00+07:00",
    "fixed_clock": True,
    "grant": 1_000_000,
    "may_cancel": False,
    "cancel_days": 0,
    "cancel_days_before_start": 0,
    "one_at_a_time": True,
    "keys_needed": False,
    "records": True,
    "categories": ["Bahasa Asing", "Penjualan & Pemasaran"],
    "modes": ["Belajar Mandiri", "Webinar"],
    "has_durations": True,
    "profile": [{"column": "age", "values": []}, {"column": "gender", "values": ["F", "M"]}],
}
PAGE_COURSES = {
    "courses": [
        {
            "course_id": "C00042",
            "title": "Dasar Pemasaran Digital",
            "category": "Penjualan & Pemasaran",
            "provider": "Balai Latihan Merapi",
            "platform": "Tokopedia",
            "mode": "Webinar",
            "price": 249_000,
            "duration_days": 4,
            "min_age": None,
            "min_education": "SMA",
        }
    ]
}
EVENTS = {
    "accepted": 1,
    "repeated": 0,
    "rejected": [
        {
            "place": 1,
            "error": {
                "code": "above_balance",
                "message": "the price is 20000 above what is left",
                "field": "price",
            },
        }
    ],
}
PARTICIPANT = {
    "participant_id": "P0000123",
    "known_from": "store",
    "balance": 300_000,
    "grant": 1_000_000,
    "opted_out": False,
    "announced_at": "2021-09-22T02:00:00+00:00",
    "profile": {"age": 27, "gender": "F"},
    "history": [
        {
            "course_id": "C00107",
            "title": "Barista Pemula",
            "category": "Makanan & Minuman",
            "purchased_at": "2021-10-01T02:30:00+00:00",
            "price_paid": 700_000,
            "status": "completed",
            "rating": 5.0,
            "ended_at": "2021-10-08T04:00:00+00:00",
            "cancel_until": None,
        }
    ],
    "deadlines": {
        "first_purchase": None,
        "next_purchase": None,
        "last_spending_day": "2021-12-15",
        "buy_until": "2021-12-15",
    },
}
ERASED = {"erased": True, "rows": 7, "artifacts": "pending"}
ERRORS: Mapping[int, tuple[str, str, str | None, str]] = {
    400: ("Malformed JSON, a wrong type or an unknown key.", "wrong_type", "balance",
          "a whole number is wanted, without a decimal point or exponent"),
    401: ("No key that is known.", "no_key", None,
          "send a known API key: Authorization: Bearer KEY, or X-API-Key: KEY"),
    403: ("The key is not for this.", "not_allowed", None, "this key lacks the scope recommend"),
    404: ("There is no such thing.", "not_found", None, "there is no such route; see /docs.json"),
    408: ("The body did not arrive.", "too_slow", None, "the body did not arrive in time"),
    413: ("The body is too large.", "too_large", None, "the body is larger than 1048576 bytes"),
    415: ("Not JSON.", "not_json", None, "send JSON, with Content-Type: application/json"),
    422: ("A value out of its range.", "out_of_range", "n",
          "Input should be less than or equal to 100"),
    429: ("Too many requests; see `Retry-After`.", "overloaded", None,
          "the service has all it can do; try again soon"),
    503: ("No verified model is loaded.", "no_model", None,
          "there is no model to serve; train and promote one"),
    504: ("It took too long.", "timeout", None, "the answer took too long"),
}  # fmt: skip
