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
            "course_id": "C0107",
            "people": {"took": 121, "of": 604},
        }
    ],
}
ANSWER = {
    "request_id": "0f8b1c6e3a4d4d0f9c53a2f1f0b7e9aa",
    "model_version": "3",
    "participant_id": "P0000123",
    "balance": 300_000,
    "items": [ITEM],
}
ERROR = {"error": {"code": "out_of_range", "message": "...", "field": "balance"}}
ERRORS: Mapping[int, tuple[str, str, str | None, str]] = {
    400: ("Malformed JSON, a wrong type or an unknown key.", "wrong_type", "balance",
          "a whole number is wanted, without a decimal point or exponent"),
    413: ("The body is too large.", "too_large", None, "the body is larger than 1048576 bytes"),
    415: ("Not JSON.", "not_json", None, "send JSON, with Content-Type: application/json"),
    422: ("A value out of its range.", "out_of_range", "n",
          "Input should be less than or equal to 100"),
    503: ("No verified model is loaded.", "no_model", None,
          "there is no model to serve; train and promote one"),
}  # fmt: skip
