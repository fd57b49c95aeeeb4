"""The relational store: schema, migrations, participants, events, served lists, erasure."""
