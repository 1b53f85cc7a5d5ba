"""Record erasures and the order of verdicts, and hash every row when it is recorded."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("decision_id", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remaining", sa.String(length=64), nullable=True),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sequence", SERIAL, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seal_id", SERIAL, nullable=True),
        sa.Column("seal_place", sa.Integer(), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("private_digest", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"]),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.id"]),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_erasures_decision_id", "erasures", ["decision_id"])
    op.create_index("ix_erasures_seal_id", "erasures", ["seal_id"])
    for table in ("decisions", "verdicts", "appeals"):
        op.add_column(table, sa.Column("digest", sa.String(length=64), nullable=True))
    for table in ("verdicts", "appeals"):
        op.add_column(table, sa.Column("follows", sa.String(length=32), nullable=True))
    # What was erased before has a record of it from now on. These rows cannot have a hash.
    earlier = sa.text(
        "INSERT INTO erasures (id, decision_id, cause, erased_at, recorded_at, private_digest)"
        " SELECT id, id, 'earlier', erased_at, :now, '' FROM decisions"
        " WHERE erased_at IS NOT NULL ORDER BY sequence"
    ).bindparams(sa.bindparam("now", dt.datetime.now(dt.UTC), sa.DateTime(timezone=True)))
    op.execute(earlier)


def downgrade() -> None:
    for table in ("appeals", "verdicts"):
        op.drop_column(table, "follows")
    for table in ("appeals", "verdicts", "decisions"):
        op.drop_column(table, "digest")
    op.drop_table("erasures")
