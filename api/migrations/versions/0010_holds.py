"""Find copies of a comment in its replies, and let a legal hold delay an erasure."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

PAGE = 1000
_INDEXES = {
    "decisions_parent": "decisions (parent_key) WHERE parent_key IS NOT NULL",
    "decisions_erase_due": "decisions (erase_due_at) WHERE erase_due_at IS NOT NULL",
}


def upgrade() -> None:
    op.add_column("decisions", sa.Column("parent_key", sa.String(length=64), nullable=True))
    op.add_column("decisions", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("decisions", sa.Column("erase_due_at", sa.DateTime(timezone=True), nullable=True))
    _fill_parent_keys(op.get_bind())
    for name, definition in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {definition}")


def _fill_parent_keys(connection: sa.Connection) -> None:
    replies = sa.text(
        "SELECT sequence, parent FROM decisions WHERE parent IS NOT NULL AND sequence > :last"
        " ORDER BY sequence LIMIT :page"
    )
    update = sa.text("UPDATE decisions SET parent_key = :key WHERE sequence = :sequence")
    last = 0
    while rows := connection.execute(replies, {"last": last, "page": PAGE}).all():
        last = rows[-1].sequence
        connection.execute(
            update, [{"key": _key(row.parent), "sequence": row.sequence} for row in rows]
        )


def _key(text: str) -> str:
    """Return what `decisions.copy_key` returned when this migration was written."""
    words = " ".join(text.split())
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "decisions")
    for column in ("erase_due_at", "held_until", "parent_key"):
        op.drop_column("decisions", column)
