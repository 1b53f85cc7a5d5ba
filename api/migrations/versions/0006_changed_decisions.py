"""Let decisions be listed by their last change: when they were recorded or corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Null for most rows, so that a large record is not written again: `coalesce` has their time.
    op.add_column("decisions", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE decisions SET changed_at = latest.at FROM"
        " (SELECT decision_id, MAX(recorded_at) AS at FROM"
        " (SELECT decision_id, recorded_at FROM verdicts"
        " UNION ALL SELECT decision_id, recorded_at FROM appeals) AS changes"
        " GROUP BY decision_id) AS latest"
        " WHERE latest.decision_id = decisions.id AND latest.at > decisions.recorded_at"
    )
    op.execute(
        "CREATE INDEX decisions_changed ON decisions (coalesce(changed_at, recorded_at), sequence)"
    )


def downgrade() -> None:
    op.drop_index("decisions_changed", "decisions")
    op.drop_column("decisions", "changed_at")
