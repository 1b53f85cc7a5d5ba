"""Let keys expire and show their last use, and note the key that gave a verdict."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("keys", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("keys", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "keys",
        sa.Column("trusted_names", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("verdicts", sa.Column("key_id", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("verdicts", "key_id")
    op.drop_column("keys", "trusted_names")
    op.drop_column("keys", "used_at")
    op.drop_column("keys", "expires_at")
