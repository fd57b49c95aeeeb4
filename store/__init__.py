"""The relational store: schema, migrations, participants, events, served lists, erasure."""

DEFAULT_STORE = "sqlite:///mlruns/store.db"
NO_STORE = "none"  # as it is written instead of a URL
