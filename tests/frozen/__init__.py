"""What release e7ca9b3 answered, kept as data, and a replay that compares.

`worlds.zip` holds the tables and artifacts of seven small generated worlds, `*.json.xz` what was
asked and what the release answered. Commit d941d01 made both: it is the release's own product code
and `tests/frozen/make_corpus.py`. To make them again:

    git worktree add ../released d941d01
    cd ../released && make setup
    .venv/bin/python -m tests.frozen.make_corpus OUT

Only `asking` imports the product: a change that moves or renames a module adapts that file.
"""
