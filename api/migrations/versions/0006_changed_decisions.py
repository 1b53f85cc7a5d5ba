"""Let decisions be listed by their last change: when they were recorded or corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

LONG_AGO = "1970-01-01 00:00:00.000000"  # a constant, so that SQLite need not copy the table


def upgrade() -> None:
    column = sa.Column(
        "changed_at", sa.DateTime(timezone=True), nullable=False, server_default=LONG_AGO
    )
    op.add_column("decisions", column)
    op.execute("UPDATE decisions SET changed_at = recorded_at")
    op.execute(
        "UPDATE decisions SET changed_at = latest.at FROM"
        " (SELECT decision_id, MAX(recorded_at) AS at FROM"
        " (SELECT decision_id, recorded_at FROM verdicts"
        " UNION ALL SELECT decision_id, recorded_at FROM appeals) AS changes"
        " GROUP BY decision_id) AS latest"
        " WHERE latest.decision_id = decisions.id AND latest.at > changed_at"
    )
    op.create_index("decisions_changed", "decisions", ["changed_at", "sequence"])


def downgrade() -> None:
    op.drop_index("decisions_changed", "decisions")
    op.drop_column("decisions", "changed_at")
