"""Alembic's entry point: runs the migrations on the connection from `api.record.database`."""

from typing import Literal

from alembic import context

from api.record.tables import Base, Moment


def _plain(kind: str, item: object, _: object) -> str | Literal[False]:
    """Return SQLAlchemy's type for `Moment`, so migrations do not depend on this program."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=_plain,
)
context.run_migrations()
