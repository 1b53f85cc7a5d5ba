"""Store every decision and verdict in the record, to look them up, correct and prove them later.

The record is a database: SQLite by default, or PostgreSQL if the URL in the settings names one.
This package uses it through SQLAlchemy. `migrations/` holds the history of the database's schema.
Each module of this package does one thing with the record. None of them imports Flask.
"""
