"""Print the id of a participant who bought something, for the demo."""

import sys

from saldopas.features.tables.dataset import read_dataset

print(read_dataset(sys.argv[1]).purchases["participant_id"].iloc[0])  # noqa: T201
