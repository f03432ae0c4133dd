"""undone imports, mappings and decisions about names"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("import", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("import", sa.Column("undoes_id", NUMBER, nullable=True))
    # SQLite keeps JSON as text anyway; the declared type makes no difference there.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("source_record", "payload", type_=sa.Text(), postgresql_using="payload::text")
    op.create_table(
        "import_mapping",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint("name", name=op.f("uq_import_mapping_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "match_decision",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("record_id", NUMBER, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_decision")),
        sa.UniqueConstraint("system", "what", "name", name=op.f("uq_match_decision_system_what_name")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("match_decision")
    op.drop_table("import_mapping")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("source_record", "payload", type_=sa.JSON(), postgresql_using="payload::json")
    op.drop_column("import", "undoes_id")
    op.drop_column("import", "undone_at")
