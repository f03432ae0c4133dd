"""leads, pipelines in depth, parts of deals and their history, targets and commissions"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "lost_reason",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_reason")),
        sa.UniqueConstraint("word", name=op.f("uq_lost_reason_word")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "commission_plan",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=True),
        sa.Column("counting", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("owner_id", BIG_ID, nullable=True),
        sa.Column("product_id", BIG_ID, nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["party.id"], name=op.f("fk_commission_plan_owner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_commission_plan_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_plan")),
        sa.UniqueConstraint("name", name=op.f("uq_commission_plan_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_commission_plan_owner_id"), "commission_plan", ["owner_id"], unique=False)
    op.create_index(op.f("ix_commission_plan_product_id"), "commission_plan", ["product_id"], unique=False)
    op.create_table(
        "lead",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("party_id", BIG_ID, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("source_detail", sa.String(), nullable=True),
        sa.Column("campaign", sa.String(), nullable=True),
        sa.Column("keyword", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("rating", sa.String(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("score_reason", sa.Text(), nullable=True),
        sa.Column("owner_id", BIG_ID, nullable=True),
        sa.Column("product_id", BIG_ID, nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_response_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disqualified_reason", sa.String(), nullable=True),
        sa.Column("disqualified_note", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount_minor IS NULL) OR (currency IS NOT NULL)", name=op.f("ck_lead_amount_has_currency")
        ),
        sa.CheckConstraint("(score IS NULL) OR (score BETWEEN 0 AND 100)", name=op.f("ck_lead_score_is_a_percentage")),
        sa.ForeignKeyConstraint(["owner_id"], ["party.id"], name=op.f("fk_lead_owner_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_lead_party_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_lead_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lead_owner_id_status", "lead", ["owner_id", "status"], unique=False)
    op.create_index(op.f("ix_lead_party_id"), "lead", ["party_id"], unique=False)
    op.create_index(op.f("ix_lead_product_id"), "lead", ["product_id"], unique=False)
    op.create_index(op.f("ix_lead_source"), "lead", ["source"], unique=False)
    op.create_index("ix_lead_status_received_at", "lead", ["status", "received_at", "id"], unique=False)
    op.create_table(
        "target",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=True),
        sa.Column("team_id", BIG_ID, nullable=True),
        sa.Column("period", sa.String(length=32), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("n_deals", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(measure = 'amount' AND amount_minor IS NOT NULL AND currency IS NOT NULL AND n_deals IS NULL)"
            " OR (measure = 'count' AND n_deals IS NOT NULL AND amount_minor IS NULL)",
            name=op.f("ck_target_has_what_it_measures"),
        ),
        sa.CheckConstraint("owner_id IS NULL OR team_id IS NULL", name=op.f("ck_target_one_seller_or_a_team")),
        sa.ForeignKeyConstraint(["owner_id"], ["party.id"], name=op.f("fk_target_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["party.id"], name=op.f("fk_target_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_target_from_on", "target", ["from_on", "period"], unique=False)
    op.create_index(op.f("ix_target_owner_id"), "target", ["owner_id"], unique=False)
    op.create_index(op.f("ix_target_team_id"), "target", ["team_id"], unique=False)
    op.create_table(
        "commission_tier",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("plan_id", BIG_ID, nullable=False),
        sa.Column("above_minor", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["commission_plan.id"], name=op.f("fk_commission_tier_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_tier")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_commission_tier_plan_id"), "commission_tier", ["plan_id"], unique=False)
    op.create_table(
        "lead_status_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("lead_id", BIG_ID, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_status_event_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_status_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lead_status_event_lead_id", "lead_status_event", ["lead_id", "id"], unique=False)
    op.create_table(
        "amount_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("deal_id", BIG_ID, nullable=False),
        sa.Column("before_minor", sa.BigInteger(), nullable=True),
        sa.Column("before_currency", sa.String(length=3), nullable=True),
        sa.Column("after_minor", sa.BigInteger(), nullable=True),
        sa.Column("after_currency", sa.String(length=3), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_amount_event_deal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amount_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_amount_event_deal_id", "amount_event", ["deal_id", "id"], unique=False)
    op.create_table(
        "commission",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("deal_id", BIG_ID, nullable=False),
        sa.Column("plan_id", BIG_ID, nullable=False),
        sa.Column("party_id", BIG_ID, nullable=False),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("reverses_id", BIG_ID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_commission_deal_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_commission_party_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["commission_plan.id"], name=op.f("fk_commission_plan_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["commission.id"], name=op.f("fk_commission_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_commission_reverses_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_commission_deal_id"), "commission", ["deal_id"], unique=False)
    op.create_index("ix_commission_party_id_paid_on", "commission", ["party_id", "paid_on"], unique=False)
    op.create_index(
        "ix_commission_plan_id_party_id_earned_on", "commission", ["plan_id", "party_id", "earned_on"], unique=False
    )
    op.create_table(
        "deal_competitor",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("deal_id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("party_id", BIG_ID, nullable=True),
        sa.Column("strengths", sa.Text(), nullable=True),
        sa.Column("weaknesses", sa.Text(), nullable=True),
        sa.Column("has_won", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_competitor_deal_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_deal_competitor_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_competitor")),
        sa.UniqueConstraint("deal_id", "name", name=op.f("uq_deal_competitor_deal_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deal_competitor_name"), "deal_competitor", ["name"], unique=False)
    op.create_index(op.f("ix_deal_competitor_party_id"), "deal_competitor", ["party_id"], unique=False)
    op.create_table(
        "deal_contact",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("deal_id", BIG_ID, nullable=False),
        sa.Column("party_id", BIG_ID, nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_contact_deal_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_deal_contact_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_contact")),
        sa.UniqueConstraint("deal_id", "party_id", name=op.f("uq_deal_contact_deal_id_party_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deal_contact_party_id"), "deal_contact", ["party_id"], unique=False)
    op.create_table(
        "deal_line",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("deal_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", BIG_ID, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_line_deal_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_deal_line_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_line")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deal_line_deal_id"), "deal_line", ["deal_id"], unique=False)
    op.create_index(op.f("ix_deal_line_product_id"), "deal_line", ["product_id"], unique=False)
    op.create_table(
        "deal_owner",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("deal_id", BIG_ID, nullable=False),
        sa.Column("party_id", BIG_ID, nullable=False),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("share BETWEEN 0 AND 10000", name=op.f("ck_deal_owner_share_is_a_percentage")),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_owner_deal_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_deal_owner_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_owner")),
        sa.UniqueConstraint("deal_id", "party_id", name=op.f("uq_deal_owner_deal_id_party_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deal_owner_party_id"), "deal_owner", ["party_id"], unique=False)
    op.create_table(
        "expected_close_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("deal_id", BIG_ID, nullable=False),
        sa.Column("before_on", sa.Date(), nullable=True),
        sa.Column("after_on", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_expected_close_event_deal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expected_close_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_expected_close_event_deal_id", "expected_close_event", ["deal_id", "id"], unique=False)
    # SQLite takes a reference only together with the column.
    lead_id = sa.Column("lead_id", BIG_ID, sa.ForeignKey("lead.id", name="fk_deal_lead_id"), nullable=True)
    op.add_column("deal", lead_id, inline_references=True)
    op.add_column("deal", sa.Column("probability", sa.Integer(), nullable=True))
    op.add_column("deal", sa.Column("next_step", sa.String(), nullable=True))
    op.add_column("deal", sa.Column("next_step_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_deal_lead_id"), "deal", ["lead_id"], unique=False)
    op.add_column("pipeline", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("stage", sa.Column("probability", sa.Integer(), nullable=True))
    op.add_column("stage", sa.Column("canonical", sa.String(length=32), nullable=True))
    op.add_column("stage", sa.Column("target_days", sa.Integer(), nullable=True))
    op.add_column("stage", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("stage", "archived_at")
    op.drop_column("stage", "target_days")
    op.drop_column("stage", "canonical")
    op.drop_column("stage", "probability")
    op.drop_column("pipeline", "archived_at")
    op.drop_index(op.f("ix_deal_lead_id"), table_name="deal")
    op.drop_column("deal", "next_step_on")
    op.drop_column("deal", "next_step")
    op.drop_column("deal", "probability")
    op.drop_column("deal", "lead_id")
    op.drop_index("ix_expected_close_event_deal_id", table_name="expected_close_event")
    op.drop_table("expected_close_event")
    op.drop_index(op.f("ix_deal_owner_party_id"), table_name="deal_owner")
    op.drop_table("deal_owner")
    op.drop_index(op.f("ix_deal_line_product_id"), table_name="deal_line")
    op.drop_index(op.f("ix_deal_line_deal_id"), table_name="deal_line")
    op.drop_table("deal_line")
    op.drop_index(op.f("ix_deal_contact_party_id"), table_name="deal_contact")
    op.drop_table("deal_contact")
    op.drop_index(op.f("ix_deal_competitor_party_id"), table_name="deal_competitor")
    op.drop_index(op.f("ix_deal_competitor_name"), table_name="deal_competitor")
    op.drop_table("deal_competitor")
    op.drop_index("ix_commission_plan_id_party_id_earned_on", table_name="commission")
    op.drop_index("ix_commission_party_id_paid_on", table_name="commission")
    op.drop_index(op.f("ix_commission_deal_id"), table_name="commission")
    op.drop_table("commission")
    op.drop_index("ix_amount_event_deal_id", table_name="amount_event")
    op.drop_table("amount_event")
    op.drop_index("ix_lead_status_event_lead_id", table_name="lead_status_event")
    op.drop_table("lead_status_event")
    op.drop_index(op.f("ix_commission_tier_plan_id"), table_name="commission_tier")
    op.drop_table("commission_tier")
    op.drop_index(op.f("ix_target_team_id"), table_name="target")
    op.drop_index(op.f("ix_target_owner_id"), table_name="target")
    op.drop_index("ix_target_from_on", table_name="target")
    op.drop_table("target")
    op.drop_index("ix_lead_status_received_at", table_name="lead")
    op.drop_index(op.f("ix_lead_source"), table_name="lead")
    op.drop_index(op.f("ix_lead_product_id"), table_name="lead")
    op.drop_index(op.f("ix_lead_party_id"), table_name="lead")
    op.drop_index("ix_lead_owner_id_status", table_name="lead")
    op.drop_table("lead")
    op.drop_index(op.f("ix_commission_plan_product_id"), table_name="commission_plan")
    op.drop_index(op.f("ix_commission_plan_owner_id"), table_name="commission_plan")
    op.drop_table("commission_plan")
    op.drop_table("lost_reason")
