"""Quality of `saldopas train` beside other libraries: same files, splits, masks and metrics.

    python -m benchmarks.quality            (or `make bench-quality`)

`task` is the neutral file that every peer reads, `export` writes it, `worker` makes a peer's lists
(in an environment of its own where a library does not install beside ours), `tune` searches a
peer's hyperparameters on the validation cut, `results` scores all lists with the one scorer of the
project, and `report` writes JSON and the tables of `benchmarks/results/quality`.
"""
