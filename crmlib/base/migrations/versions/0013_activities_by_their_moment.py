"""what long lists of activities are read by: the moment they are shown at, newest or oldest first"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As `Activity.shown_at` has it: only the very same expression finds the index.
    shown_at = sa.text("coalesce(starts_at, done_at, due_at, created_at)")
    op.create_index("ix_list_activity_shown_at", "activity", [shown_at, "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_list_activity_shown_at", table_name="activity")
