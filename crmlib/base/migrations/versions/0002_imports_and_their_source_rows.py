"""imports and their source rows"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
        sa.UniqueConstraint("batch", name=op.f("uq_import_batch")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "source_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["import.id"], name=op.f("fk_source_record_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_record")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_source_record_import_id"), "source_record", ["import_id"], unique=False)
    op.create_index("ix_source_record_record_record_id", "source_record", ["record", "record_id"], unique=False)
    op.create_index("ix_source_record_system_kind_key", "source_record", ["system", "kind", "key"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_source_record_system_kind_key", table_name="source_record")
    op.drop_index("ix_source_record_record_record_id", table_name="source_record")
    op.drop_index(op.f("ix_source_record_import_id"), table_name="source_record")
    op.drop_table("source_record")
    op.drop_table("import")
