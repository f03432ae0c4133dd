"""journal rows that speak of many deleted records are found by number"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    only = {f"{dialect}_where": sa.text("kind = 'deletes'") for dialect in ("sqlite", "postgresql")}
    op.create_index("ix_journal_deleted_ranges", "journal", ["record", "record_id"], unique=False, **only)


def downgrade() -> None:
    op.drop_index("ix_journal_deleted_ranges", "journal")
