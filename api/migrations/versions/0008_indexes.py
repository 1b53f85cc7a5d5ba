"""Add indexes for the queue and the retention, and store thresholds once for each policy.

A large record is not copied: rows keep their thresholds, and only new rows refer to `policies`. If
this is interrupted, the database goes back to where it was, and the next start tries again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_WAITING = "erased_at IS NULL AND (standing = 'review' OR appealed)"
_FILTERS = "decided_at, language_code"
_KEPT = "erased_at IS NULL"
_INDEXES = {
    "queue_urgent": f"decisions (urgent DESC, sequence, {_FILTERS}) WHERE {_WAITING}",
    "queue_oldest": f"decisions (sequence, {_FILTERS}) WHERE {_WAITING}",
    "queue_urgent_doubtful": (
        f"decisions (urgent DESC, doubt DESC, sequence, {_FILTERS}) WHERE {_WAITING}"
    ),
    "queue_doubtful": f"decisions (doubt DESC, sequence, {_FILTERS}) WHERE {_WAITING}",
    "queue_article": (
        f"decisions (substr(article, 1, 200), urgent DESC, sequence) WHERE {_WAITING}"
    ),
    "queue_author": f"decisions (author, urgent DESC, sequence) WHERE {_WAITING}",
    "decisions_kept": f"decisions (decided_at) WHERE {_KEPT}",
    "decisions_kept_sensitive": f"decisions (decided_at) WHERE {_KEPT} AND sensitive",
    "decisions_unsealed": "decisions (sequence) WHERE seal_id IS NULL",
    "decisions_author": "decisions (author, sequence)",
    "deliveries_state": "deliveries (state, due_at, hook)",
}
_REPLACED = {
    "queue": ("decisions", ["standing", "decided_at"]),
    "ix_decisions_doubt": ("decisions", ["doubt"]),
    "ix_decisions_author": ("decisions", ["author"]),
    "ix_deliveries_state": ("deliveries", ["state"]),
    "ix_deliveries_due_at": ("deliveries", ["due_at"]),
}


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("hash", sa.String(length=80), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    for name in ("urgent", "sensitive"):
        op.add_column(
            "decisions", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    # `self_harm` was the only urgent and the only sensitive rule before this migration.
    op.execute("UPDATE decisions SET urgent = true WHERE rules LIKE '% self_harm %'")
    op.execute(
        "UPDATE decisions SET sensitive = true WHERE CAST(reasons AS text) LIKE '%\"self_harm\"%'"
        " OR CAST(observed AS text) LIKE '%\"self_harm\"%'"
    )
    for name, (table, _) in _REPLACED.items():
        op.drop_index(name, table)
    for name, definition in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {definition}")


def downgrade() -> None:
    for name, definition in _INDEXES.items():
        op.drop_index(name, definition.partition(" ")[0])
    for name, (table, columns) in _REPLACED.items():
        op.create_index(name, table, columns)
    # Decisions that refer to `policies` get their thresholds back.
    op.execute(
        "UPDATE decisions SET thresholds = (SELECT thresholds FROM policies WHERE hash = policy)"
        " WHERE CAST(thresholds AS text) = '{}' AND policy IN (SELECT hash FROM policies)"
    )
    op.drop_column("decisions", "sensitive")
    op.drop_column("decisions", "urgent")
    op.drop_table("policies")
