"""The record: stores every decision and verdict, to look up, correct and prove later.

SQLAlchemy over SQLite (WAL) by default or PostgreSQL by URL; `migrations/` holds the schema's
history. Each module does one thing with the record. None of them imports Flask.
"""
