"""Find deliveries by their decision and by their address."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_FILL = {
    "sqlite": "UPDATE deliveries SET decision_id = json_extract(body, '$.data.id')",
    "postgresql": "UPDATE deliveries SET decision_id = body::json -> 'data' ->> 'id'",
}


def upgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decision_id", sa.String(length=32), nullable=True))
    op.get_bind().exec_driver_sql(_FILL[op.get_bind().dialect.name])
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deliveries_decision_id"), ["decision_id"], unique=False
        )
        batch_op.create_index("deliveries_due", ["hook", "state", "due_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("deliveries_due")
        batch_op.drop_index(batch_op.f("ix_deliveries_decision_id"))
        batch_op.drop_column("decision_id")
