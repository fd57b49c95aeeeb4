"""How many participants the Ta-Feng protocol tests: `check_tafeng_protocol.py DIR` exits 1 if not
12,905 with a history and 3,588 without (DIR: of `saldopas import tafeng --out DIR`).

The reading that gives exactly these: prices are medians before the cut; a participant's balance is
all that was paid from the cut on for items that were sold before it, repeats included; targets are
such items, not bought before by the participant, whose price is at most the balance.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd
from saldopas.features.tables.dataset import read_dataset
from saldopas.features.tables.id_index import places_of

CUT = pd.Timestamp("2001-02-01", tz="Asia/Taipei")
EXPECTED = (12_905, 3_588)


def count(directory: str) -> tuple[int, int]:
    """Test participants with and without a history before the cut."""
    dataset = read_dataset(directory)
    events = pd.DataFrame(
        {
            "who": places_of(
                dataset.purchases["participant_id"], dataset.participants["participant_id"]
            ),
            "item": places_of(dataset.purchases["course_id"], dataset.courses["course_id"]),
            "paid": dataset.purchases["price_paid"],
        }
    )
    before = (dataset.purchases["purchased_at"] < CUT).to_numpy()
    train, test = events[before], events[~before]
    test = test[np.isin(test["item"], train["item"])]
    balance = test.groupby("who")["paid"].sum()
    keys = train["who"] * len(dataset.courses) + train["item"]
    new = ~np.isin(test["who"] * len(dataset.courses) + test["item"], keys)
    price = dataset.courses["price"].to_numpy()[test["item"]]
    affordable = price <= balance.reindex(test["who"]).to_numpy()
    tested = test.loc[new & affordable, "who"].unique()
    warm = int(np.isin(tested, train["who"]).sum())
    return warm, len(tested) - warm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", metavar="DIR")
    found = count(parser.parse_args().directory)
    print(f"with a history {found[0]:,}, without {found[1]:,}; expected {EXPECTED}")
    sys.exit(found != EXPECTED)


if __name__ == "__main__":
    main()
