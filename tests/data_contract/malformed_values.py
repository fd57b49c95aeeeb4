"""Datasets whose tables can be read, but hold what the contract forbids."""

from __future__ import annotations

import pandas as pd

from tests.data_contract.small_dataset import Edit, appended, as_parquet, overwritten, replaced

PERSON, COURSE, BUY = "participants", "courses", "purchases"

# name: edit, what the line must say of the place, and of the problem
VALUES: dict[str, tuple[Edit, str, str]] = {
    "course twice": (
        appended(COURSE, "c1,5,,,,,,"),
        "table courses, column course_id, row 5: ",
        "the id occurs twice ('c1')",
    ),
    "participant twice": (
        appended(PERSON, "p5,,,,,"),
        "table participants, column participant_id, row 6: ",
        "the id occurs twice",
    ),
    "purchase twice": (
        appended(BUY, "p1,c1,2021-02-03 10:00,1,,"),
        "table purchases, column purchased_at, row 6: ",
        "same participant, course and time",
    ),
    "unknown participant": (
        appended(BUY, "p9,c1,2021-05-01,1,,"),
        "table purchases, column participant_id, row 6: ",
        "not in the table participants ('p9')",
    ),
    "unknown course": (
        appended(BUY, "p1,c9,2021-05-01,1,,"),
        "table purchases, column course_id, row 6: ",
        "not in the table courses ('c9')",
    ),
    "no id": (
        appended(PERSON, ",30,,,,"),
        "table participants, column participant_id, row 6: ",
        "it has no value",
    ),
    "no time": (
        appended(BUY, "p1,c1,,1,,"),
        "table purchases, column purchased_at, row 6: ",
        "it has no value",
    ),
    "no price": (
        appended(COURSE, "c9,,,,,,,"),
        "table courses, column price, row 5: ",
        "it has no value",
    ),
    "control character": (
        appended(PERSON, "p\x077,30,,,,"),
        "table participants, column participant_id, row 6: ",
        "control character",
    ),
    "long id": (
        appended(COURSE, f"{'c' * 201},1,,,,,,"),
        "table courses, column course_id, row 5: ",
        "too long",
    ),
    "negative price": (
        replaced(COURSE, "24000", "-24000"),
        "table courses, column price, row 2: ",
        "negative ('-24000')",
    ),
    "fraction": (
        replaced(COURSE, "24000", "24000.5"),
        "table courses, column price, row 2: ",
        "fraction",
    ),
    "thousands dot": (
        replaced(COURSE, "24000", "24.000"),
        "table courses, column price, row 2: ",
        "thousands separator ('24.000')",
    ),
    "a word for a price": (
        replaced(COURSE, "24000", "Rp24000"),
        "table courses, column price, row 2: ",
        "not a whole number",
    ),
    "above 2^53": (
        replaced(COURSE, "24000", str(2**53 + 1)),
        "table courses, column price, row 2: ",
        "absurdly large",
    ),
    "above 64 bits": (
        replaced(COURSE, "24000", "9" * 40),
        "table courses, column price, row 2: ",
        "absurdly large",
    ),
    "NaN price": (
        replaced(COURSE, "24000", "NaN"),
        "table courses, column price, row 2: ",
        "not a whole number",
    ),
    "infinite price": (
        as_parquet(COURSE, price=[1.0, float("inf"), 2.0, 3.0]),
        "table courses, column price, row 2: ",
        "not a finite number",
    ),
    "huge unsigned price": (
        as_parquet(COURSE, price=pd.Series([1, 2**64 - 1, 2, 3], dtype="uint64")),
        "table courses, column price, row 2: ",
        "absurdly large",
    ),
    "a date for a price": (
        as_parquet(COURSE, price=pd.Timestamp("2021-01-01")),
        "table courses, column price: ",
        "not a whole number",
    ),
    "negative payment": (
        replaced(BUY, "24000", "-1"),
        "table purchases, column price_paid, row 2: ",
        "negative",
    ),
    "negative balance": (
        replaced(PERSON, "1000000", "-1"),
        "table participants, column balance, row 1: ",
        "negative",
    ),
    "negative quota": (
        replaced(COURSE, "food,100", "food,-100"),
        "table courses, column quota, row 1: ",
        "the quota is not within",
    ),
    "30 February": (
        replaced(BUY, "2021-03-01", "2021-02-30"),
        "table purchases, column purchased_at, row 3: ",
        "no such date",
    ),
    "hour 25": (
        replaced(BUY, "T10:00", "T25:00"),
        "table purchases, column purchased_at, row 1: ",
        "no such date",
    ),
    "not ISO": (
        replaced(BUY, "2021-03-01T08:30:00", "01/03/2021"),
        "table purchases, column purchased_at, row 3: ",
        "write 2021-03-01",
    ),
    "epoch text": (
        replaced(BUY, "2021-03-01T08:30:00", "1614587400"),
        "table purchases, column purchased_at, row 3: ",
        "not a date",
    ),
    "epoch integers": (
        as_parquet(BUY, purchased_at=range(5)),
        "table purchases, column purchased_at: ",
        "store a date or time",
    ),
    "year 1": (
        replaced(BUY, "2021-03-01", "0001-03-01"),
        "table purchases, column purchased_at, row 3: ",
        "within 1970..2100",
    ),
    "year 9999": (
        replaced(COURSE, "2021-12-31", "9999-12-31"),
        "table courses, column on_sale_until, row 2: ",
        "within 1970..2100",
    ),
    "a timestamp out of all bounds": (
        as_parquet(BUY, purchased_at=pd.Series([10**15] * 5).astype("datetime64[s]")),
        "table purchases, column purchased_at, row 1: ",
        "within 1970..2100",
    ),
    "a duration": (
        as_parquet(PERSON, age=pd.to_timedelta([1, 2, 3, 4, 5], unit="D")),
        "table participants, column age: ",
        "it is stored as duration",
    ),
    "profile of ids": (
        overwritten("dataset.toml", "[profile]\nparticipant_id = { kind = 'categorical' }"),
        "table dataset.toml, column profile: ",
        "participant_id is no profile column",
    ),
    "mixed zones after a malformed row": (
        replaced(
            BUY, "p2,c2,2021-02-03T09:00:00,24000,active,", "p2\np2,c2,2021-02-03T09:00:00Z,,,"
        ),
        "table purchases, column purchased_at, row 3: ",
        "some times name their zone",
    ),
    "mixed zones": (
        replaced(BUY, "2021-03-01T08:30:00", "2021-03-01T08:30:00+07:00"),
        "table purchases, column purchased_at, row 3: ",
        "some times name their zone",
    ),
    "before the sale": (
        appended(BUY, "p1,c4,2021-01-31T23:59:59,,,"),
        "table purchases, column purchased_at, row 6: ",
        "before the course's on_sale_from",
    ),
    "after the sale": (
        appended(BUY, "p1,c2,2022-01-01,,,"),
        "table purchases, column purchased_at, row 6: ",
        "after the course's on_sale_until",
    ),
    "sale ends first": (
        replaced(COURSE, "2021-12-31", "2020-12-31"),
        "table courses, column on_sale_until, row 2: ",
        "before on_sale_from",
    ),
    "unknown status": (
        replaced(BUY, "active", "paid"),
        "table purchases, column status, row 2: ",
        "write one of completed, active, cancelled",
    ),
    "rating 6": (
        replaced(BUY, "completed,4.5", "completed,6"),
        "table purchases, column rating, row 1: ",
        "within 0..5",
    ),
    "rating good": (
        replaced(BUY, "completed,4.5", "completed,good"),
        "table purchases, column rating, row 1: ",
        "not a finite number",
    ),
    "opted out maybe": (
        replaced(PERSON, "2021-01-01,false", "2021-01-01,maybe"),
        "table participants, column opted_out, row 1: ",
        "write true or false",
    ),
}
