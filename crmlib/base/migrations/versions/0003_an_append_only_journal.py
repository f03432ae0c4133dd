"""an append-only journal, found by batch, by moment and by range"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SAYS = "the journal is append-only"


def upgrade() -> None:
    op.create_index("ix_journal_record_at", "journal", ["record", "at"], unique=False)
    for name, columns, where in (
        ("ix_journal_batch", ["batch", "number"], "batch IS NOT NULL"),
        ("ix_journal_ranges", ["record", "record_id"], "kind = 'inserts'"),
    ):
        only = {f"{dialect}_where": sa.text(where) for dialect in ("sqlite", "postgresql")}
        op.create_index(name, "journal", columns, unique=False, **only)
    if op.get_context().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER journal_no_{action.lower()} BEFORE {action} ON journal "
                f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for action in ("UPDATE", "DELETE", "TRUNCATE"):
        op.execute(
            f"CREATE TRIGGER journal_no_{action.lower()} BEFORE {action} ON journal "
            "FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
        )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for action in ("update", "delete"):
            op.execute(f"DROP TRIGGER journal_no_{action}")
    else:
        for action in ("update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER journal_no_{action} ON journal")
        op.execute("DROP FUNCTION journal_is_append_only()")
    for name in ("ix_journal_ranges", "ix_journal_batch", "ix_journal_record_at"):
        op.drop_index(name, table_name="journal")
