"""Run the migrations for Alembic, on the connection that `api.record.database` passes."""

from typing import Literal

from alembic import context

from api.record.tables import Base, Moment


def _plain(kind: str, item: object, _: object) -> str | Literal[False]:
    """Return SQLAlchemy's own type for our `Moment`, so that migrations do not import `Moment`."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=_plain,
)
context.run_migrations()
