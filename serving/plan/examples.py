"""An example of `/plan` in the OpenAPI document."""

from __future__ import annotations

COURSE = {
    "course_id": "C00914",
    "title": "Menguasai Rantai Pasok untuk Pemula",
    "category": "Manajemen",
    "price": 326_000,
    "relevance": 0.0782,
    "balance_after": 205_000,
    "buy": "2021-11-01",
    "start": "2021-11-01",
    "finish": "2021-11-05",
}
PLANS = {
    "request_id": "0f8b1c6e3a4d4d0f9c53a2f1f0b7e9aa",
    "model_version": "3",
    "participant_id": "P0000123",
    "balance": 531_000,
    "degraded": False,
    "calibrated": True,
    "candidates": 100,
    "deadline": {
        "kind": "last_spending_day",
        "day": "2021-12-15",
        "days_left": 45,
        "urgent": False,
        "estimated": False,
        "text": "Batas memakai saldo: 15 Desember 2021 pukul 23.59",
        "text_en": "Last day for spending the balance: 2021-12-15, until 23:59",
    },
    "alternatives": [
        {
            "keys": ["best_match"],
            "name": "Paling cocok",
            "name_en": "Best match",
            "courses": [COURSE],
            "total": 326_000,
            "leftover": 205_000,
            "relevance": 0.0782,
            "value": 0.0396,
            "optimal": True,
            "gap": 0.0,
            "gap_money": 0,
            "on_frontier": True,
        }
    ],
    "reason": None,
    "courses": None,
}
