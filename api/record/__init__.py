"""Store every decision and verdict in the record, to look up, correct and prove it later.

The record is an SQLite database by default, or PostgreSQL if a URL names one, and is used through
SQLAlchemy. `migrations/` holds the history of its schema. Each module here does one thing with the
record. None of them imports Flask.
"""
