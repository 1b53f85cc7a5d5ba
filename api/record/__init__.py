"""The record: every decision and verdict, kept so that it can be asked about, corrected and proved.

SQLAlchemy over SQLite (WAL) by default or PostgreSQL by URL; `migrations/` holds the schema's
history. One module per thing that can be done with the record; none of them knows Flask.
"""
