"""`python -m benchmarks.quality`: ours beside peers, tables and JSON. See `--help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.datasets import SOURCES
from benchmarks.quality.run import Options, run

RESULTS = Path(__file__).parents[1] / "results" / "quality"
DEFAULT_PEERS = "implicit,plain,lenskit,rectools"


def options_of(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description="Quality of ours beside peers."
    )
    parser.add_argument("--data", help=f"of {','.join(SOURCES)}; all of them by default")
    parser.add_argument(
        "--from", dest="mooccubex", type=Path, default="../shared/data/mooccubex",
        help="directory of MOOCCubeX",
    )  # fmt: skip
    parser.add_argument(
        "--peers",
        default=DEFAULT_PEERS,
        help="`none`, or of implicit,plain,lenskit,rectools; `plain` is EASE",
    )
    parser.add_argument("--peers-python", type=Path, default=".venv-peers/bin/python")
    parser.add_argument(
        "--tries", type=int, help="configurations of a tuned peer; by default as many as ours had"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="of processor time, after which a peer begins no configuration; by default what the "
        "whole training of ours took",
    )
    parser.add_argument("--small", action="store_true", help="2,000 people, for a test")
    parser.add_argument("--config", type=Path, help="ours, instead of benchmarks/configs/NAME.toml")
    parser.add_argument("--out", type=Path, default="build/bench-quality")
    parser.add_argument("--results", default=str(RESULTS), help="`none`: tables stay in --out")
    chosen = parser.parse_args(arguments)
    data = chosen.data.split(",") if chosen.data else ["sample-1"] if chosen.small else [*SOURCES]
    families = [] if chosen.peers == "none" else chosen.peers.split(",")
    for wrong in {*data} - {*SOURCES} | {*families} - {*DEFAULT_PEERS.split(",")}:
        parser.error(f"unknown: {wrong}")
    return Options(
        data=tuple(data),
        families=tuple(families),
        mooccubex=chosen.mooccubex,
        peers_python=chosen.peers_python,
        tries=chosen.tries,
        minutes=chosen.minutes,
        small=chosen.small,
        config=chosen.config,
        out=chosen.out.resolve(),
        results=None if chosen.results == "none" or chosen.small else Path(chosen.results),
    )


if __name__ == "__main__":
    run(options_of(sys.argv[1:]))
