"""the catalog in depth, orders, payments, refunds, rates, and sums per party"""

# ruff: noqa: S608  # triggers are written from the table below, nothing in them comes from outside

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0002"
branch_labels = None
depends_on = None

# --- sums per party ---------------------------------------------------------------------------------
#
# `party_total` is kept by triggers, so that no way of writing can forget it. What a row adds to its party is said
# once per table; `{r}` is the row. SQLite does it row by row, PostgreSQL once per statement with all its rows.

_TABLES = {
    "order": {
        "counted": "{r}.party_id IS NOT NULL AND {r}.status IN ('confirmed', 'fulfilled')",
        "sums": {
            "ordered_minor": "coalesce({r}.reporting_minor, 0)",
            "n_orders": "1",
            "n_unconverted": "CASE WHEN {r}.reporting_minor IS NULL THEN 1 ELSE 0 END",
        },
        "days": {"first_order_on": ("min", "ordered_on"), "last_order_on": ("max", "ordered_on")},
    },
    "payment": {
        "counted": "{r}.party_id IS NOT NULL AND {r}.status = 'received'",
        "sums": {
            "paid_minor": "coalesce({r}.reporting_minor, 0)",
            "n_payments": "1",
            "n_unconverted": "CASE WHEN {r}.reporting_minor IS NULL THEN 1 ELSE 0 END",
        },
        "days": {"last_paid_on": ("max", "paid_on")},
    },
    "refund": {
        "counted": "{r}.party_id IS NOT NULL AND {r}.status IN ('credited', 'paid')",
        "sums": {
            "refunded_minor": "coalesce({r}.reporting_minor, 0)",
            "paid_minor": "CASE WHEN {r}.status = 'paid' THEN -coalesce({r}.reporting_minor, 0) ELSE 0 END",
            "n_refunds": "1",
            "n_unconverted": "CASE WHEN {r}.reporting_minor IS NULL THEN 1 ELSE 0 END",
        },
        "days": {},
    },
}

_EMPTY = "n_orders = 0 AND n_payments = 0 AND n_refunds = 0"


def _of(text: str, row: str) -> str:
    return text.replace("{r}", row)


def _sqlite_triggers(table: str) -> list[str]:
    about = _TABLES[table]
    sums, days = about["sums"], about["days"]
    names = ", ".join(["party_id", "currency", *sums, *days])
    values = ", ".join([_of(one, "NEW") for one in sums.values()] + [f"NEW.{day}" for _how, day in days.values()])
    added = [f"{name} = {name} + excluded.{name}" for name in sums]
    # max() of two values is NULL in SQLite where one of them is.
    added += [f"{name} = {how}(coalesce({name}, excluded.{name}), excluded.{name})" for name, (how, _d) in days.items()]
    add = (
        f"INSERT INTO party_total ({names}) "
        f"SELECT NEW.party_id, (SELECT currency FROM reporting_basis), {values} WHERE {_of(about['counted'], 'NEW')} "
        f"ON CONFLICT (party_id) DO UPDATE SET {', '.join(added)}"
    )
    gone = [f"{name} = {name} - ({_of(one, 'OLD')})" for name, one in sums.items()]
    counted = _of(about["counted"], "x")
    for name, (how, day) in days.items():
        beyond = ">" if how == "max" else "<"
        again = f'SELECT {how}(x.{day}) FROM "{table}" x WHERE x.party_id = OLD.party_id AND {counted}'
        gone.append(f"{name} = CASE WHEN {name} {beyond} OLD.{day} THEN {name} ELSE ({again}) END")
    take = f"UPDATE party_total SET {', '.join(gone)} WHERE party_id = OLD.party_id AND {_of(about['counted'], 'OLD')}"
    tidy = f"DELETE FROM party_total WHERE party_id = OLD.party_id AND {_EMPTY}"
    watched = ", ".join(dict.fromkeys(["party_id", "status", "reporting_minor", *[day for _h, day in days.values()]]))
    return [
        (
            f'CREATE TRIGGER {table}_totals_insert AFTER INSERT ON "{table}" '
            f"WHEN {_of(about['counted'], 'NEW')} BEGIN {add}; END"
        ),
        f'CREATE TRIGGER {table}_totals_update AFTER UPDATE OF {watched} ON "{table}" BEGIN {take}; {add}; {tidy}; END',
        (
            f'CREATE TRIGGER {table}_totals_delete AFTER DELETE ON "{table}" '
            f"WHEN {_of(about['counted'], 'OLD')} BEGIN {take}; {tidy}; END"
        ),
    ]


def _postgresql_triggers(table: str) -> list[str]:
    about = _TABLES[table]
    sums, days = about["sums"], about["days"]
    names = ", ".join(["party_id", "currency", *sums, *days])
    summed = [f"CAST(sum({_of(one, 'x')}) AS bigint) AS {name}" for name, one in sums.items()]
    dated = [f"{how}(x.{day}) AS {name}" for name, (how, day) in days.items()]
    counted = _of(about["counted"], "x")
    added = [f"{name} = t.{name} + excluded.{name}" for name in sums]
    added += [
        f"{name} = {'greatest' if how == 'max' else 'least'}(t.{name}, excluded.{name})"
        for name, (how, _d) in days.items()
    ]
    again = ", ".join(
        f'{name} = (SELECT {how}(x.{day}) FROM "{table}" x WHERE x.party_id = t.party_id AND {counted})'
        for name, (how, day) in days.items()
    )
    recounted = (
        f"UPDATE party_total t SET {again} "
        f"WHERE t.party_id IN (SELECT x.party_id FROM gone x WHERE {counted} AND ("
        + " OR ".join(f"x.{day} {'>=' if how == 'max' else '<='} t.{name}" for name, (how, day) in days.items())
        + "));"
        if days
        else ""
    )
    function = f"""
        CREATE FUNCTION {table}_totals() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                UPDATE party_total t SET {", ".join(f"{name} = t.{name} - g.{name}" for name in sums)}
                FROM (SELECT x.party_id, {", ".join(summed)} FROM gone x WHERE {counted} GROUP BY x.party_id) g
                WHERE t.party_id = g.party_id;
                {recounted}
            END IF;
            IF TG_OP <> 'DELETE' THEN
                INSERT INTO party_total AS t ({names})
                SELECT x.party_id, (SELECT currency FROM reporting_basis), {", ".join([*summed, *dated])}
                FROM added x WHERE {counted} GROUP BY x.party_id ORDER BY x.party_id
                ON CONFLICT (party_id) DO UPDATE SET {", ".join(added)};
            END IF;
            IF TG_OP <> 'INSERT' THEN
                DELETE FROM party_total WHERE party_id IN (SELECT party_id FROM gone) AND {_EMPTY};
            END IF;
            RETURN NULL;
        END $$"""
    rows = {
        "insert": "REFERENCING NEW TABLE AS added",
        "update": "REFERENCING OLD TABLE AS gone NEW TABLE AS added",
        "delete": "REFERENCING OLD TABLE AS gone",
    }
    return [function] + [
        f'CREATE TRIGGER {table}_totals_{does} AFTER {does.upper()} ON "{table}" {seen} '
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_totals()"
        for does, seen in rows.items()
    ]


def _keep_totals() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _TABLES:
        for statement in _sqlite_triggers(table) if sqlite else _postgresql_triggers(table):
            op.execute(sa.text(statement.replace(":", "\\:")))


def _forget_totals() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _TABLES:
        for does in ("insert", "update", "delete"):
            where = "" if sqlite else f' ON "{table}"'
            op.execute(f"DROP TRIGGER {table}_totals_{does}{where}")
        if not sqlite:
            op.execute(f"DROP FUNCTION {table}_totals()")


def upgrade() -> None:
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "fx_rate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("rate", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fx_rate")),
        sa.UniqueConstraint("currency", "base", "day", name=op.f("uq_fx_rate_currency_base_day")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_fx_rate_day"), "fx_rate", ["day"], unique=False)
    op.create_table(
        "price_list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("name", name=op.f("uq_price_list_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reporting_basis",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_reporting_basis_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reporting_basis")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tax_rate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax_class", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name=op.f("ck_tax_rate_from_before_to")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rate")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tax_rate_country_tax_class", "tax_rate", ["country", "tax_class", "from_on"], unique=False)
    op.create_table(
        "discount",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("percent", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("series", sa.String(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("is_stackable", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount_minor IS NULL) OR (currency IS NOT NULL)", name=op.f("ck_discount_amount_has_currency")
        ),
        sa.CheckConstraint("(percent IS NULL) <> (amount_minor IS NULL)", name=op.f("ck_discount_percent_or_amount")),
        sa.CheckConstraint(
            "from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name=op.f("ck_discount_from_before_to")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_discount_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_discount_product_id"), "discount", ["product_id"], unique=False)
    op.create_table(
        "party_price_list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("price_list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_party_price_list_party_id")),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_list.id"], name=op.f("fk_party_price_list_price_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_price_list")),
        sa.UniqueConstraint("party_id", name=op.f("uq_party_price_list_party_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_party_price_list_price_list_id"), "party_price_list", ["price_list_id"], unique=False)
    op.create_table(
        "party_total",
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("paid_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ordered_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n_orders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_payments", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_refunds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_unconverted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_order_on", sa.Date(), nullable=True),
        sa.Column("last_order_on", sa.Date(), nullable=True),
        sa.Column("last_paid_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_party_total_party_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_party_total")),
    )
    op.create_index(op.f("ix_party_total_last_order_on"), "party_total", ["last_order_on"], unique=False)
    op.create_index(op.f("ix_party_total_paid_minor"), "party_total", ["paid_minor"], unique=False)
    op.create_table(
        "payment_method",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("is_preferred", sa.Boolean(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_payment_method_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_method")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payment_method_party_id"), "payment_method", ["party_id"], unique=False)
    op.create_table(
        "price_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("price_list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("min_quantity", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name=op.f("ck_price_entry_from_before_to")
        ),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_list.id"], name=op.f("fk_price_entry_price_list_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_price_entry_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_price_entry_price_list_id"), "price_entry", ["price_list_id"], unique=False)
    op.create_index(
        "ix_price_entry_product_id_price_list_id",
        "price_entry",
        ["product_id", "price_list_id", "currency"],
        unique=False,
    )
    op.create_table(
        "coupon",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("discount_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("limit_total", sa.Integer(), nullable=True),
        sa.Column("limit_per_party", sa.Integer(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_on IS NULL OR to_on IS NULL OR from_on <= to_on", name=op.f("ck_coupon_from_before_to")
        ),
        sa.ForeignKeyConstraint(["discount_id"], ["discount.id"], name=op.f("fk_coupon_discount_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("code", name=op.f("uq_coupon_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_coupon_discount_id"), "coupon", ["discount_id"], unique=False)
    op.create_table(
        "order",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("reporting_minor", sa.BigInteger(), nullable=True),
        sa.Column("coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("shipping_country", sa.String(length=2), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_order_coupon_id")),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_order_deal_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["party.id"], name=op.f("fk_order_owner_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_order_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("number", name=op.f("uq_order_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_order_coupon_id"), "order", ["coupon_id"], unique=False)
    op.create_index(op.f("ix_order_deal_id"), "order", ["deal_id"], unique=False)
    op.create_index(op.f("ix_order_ordered_on"), "order", ["ordered_on"], unique=False)
    op.create_index(op.f("ix_order_owner_id"), "order", ["owner_id"], unique=False)
    op.create_index("ix_order_party_id_ordered_on", "order", ["party_id", "ordered_on"], unique=False)
    op.create_table(
        "order_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_event_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_order_event_order_id"), "order_event", ["order_id"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_line_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_order_line_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_order_line_order_id"), "order_line", ["order_id"], unique=False)
    op.create_index(op.f("ix_order_line_product_id"), "order_line", ["product_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reporting_minor", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_payment_order_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_payment_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payment_order_id"), "payment", ["order_id"], unique=False)
    op.create_index(op.f("ix_payment_paid_on"), "payment", ["paid_on"], unique=False)
    op.create_index("ix_payment_party_id_paid_on", "payment", ["party_id", "paid_on"], unique=False)
    op.create_index(op.f("ix_payment_reference"), "payment", ["reference"], unique=False)
    op.create_table(
        "applied_discount",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("discount_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["discount_id"], ["discount.id"], name=op.f("fk_applied_discount_discount_id")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_applied_discount_line_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_applied_discount_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applied_discount")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_applied_discount_discount_id"), "applied_discount", ["discount_id"], unique=False)
    op.create_index(op.f("ix_applied_discount_line_id"), "applied_discount", ["line_id"], unique=False)
    op.create_index(op.f("ix_applied_discount_order_id"), "applied_discount", ["order_id"], unique=False)
    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reporting_minor", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refunded_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_refund_order_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_refund_party_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("number", name=op.f("uq_refund_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_refund_order_id"), "refund", ["order_id"], unique=False)
    op.create_index("ix_refund_party_id_refunded_on", "refund", ["party_id", "refunded_on"], unique=False)
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)
    op.create_index(op.f("ix_refund_refunded_on"), "refund", ["refunded_on"], unique=False)
    op.create_table(
        "refund_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_refund_line_order_line_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_refund_line_product_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_refund_line_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_line")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_refund_line_order_line_id"), "refund_line", ["order_line_id"], unique=False)
    op.create_index(op.f("ix_refund_line_product_id"), "refund_line", ["product_id"], unique=False)
    op.create_index(op.f("ix_refund_line_refund_id"), "refund_line", ["refund_id"], unique=False)
    op.add_column("product", sa.Column("kind", sa.String(length=32), server_default="goods", nullable=False))
    op.add_column("product", sa.Column("category", sa.String(), nullable=True))
    op.add_column("product", sa.Column("cost_minor", sa.BigInteger(), nullable=True))
    op.add_column("product", sa.Column("cost_currency", sa.String(length=3), nullable=True))
    op.add_column("product", sa.Column("tax_class", sa.String(), nullable=True))
    op.add_column("product", sa.Column("unit", sa.String(), nullable=True))
    op.add_column("product", sa.Column("barcode", sa.String(), nullable=True))
    op.add_column("product", sa.Column("description", sa.Text(), nullable=True))
    op.create_index(op.f("ix_product_barcode"), "product", ["barcode"], unique=False)
    op.create_index(op.f("ix_product_category"), "product", ["category"], unique=False)
    op.create_index(op.f("ix_product_series"), "product", ["series"], unique=False)
    _keep_totals()


def downgrade() -> None:
    _forget_totals()
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_index(op.f("ix_product_series"), table_name="product")
    op.drop_index(op.f("ix_product_category"), table_name="product")
    op.drop_index(op.f("ix_product_barcode"), table_name="product")
    op.drop_column("product", "description")
    op.drop_column("product", "barcode")
    op.drop_column("product", "unit")
    op.drop_column("product", "tax_class")
    op.drop_column("product", "cost_currency")
    op.drop_column("product", "cost_minor")
    op.drop_column("product", "category")
    op.drop_column("product", "kind")
    op.drop_index(op.f("ix_refund_line_refund_id"), table_name="refund_line")
    op.drop_index(op.f("ix_refund_line_product_id"), table_name="refund_line")
    op.drop_index(op.f("ix_refund_line_order_line_id"), table_name="refund_line")
    op.drop_table("refund_line")
    op.drop_index(op.f("ix_refund_refunded_on"), table_name="refund")
    op.drop_index(op.f("ix_refund_payment_id"), table_name="refund")
    op.drop_index("ix_refund_party_id_refunded_on", table_name="refund")
    op.drop_index(op.f("ix_refund_order_id"), table_name="refund")
    op.drop_table("refund")
    op.drop_index(op.f("ix_applied_discount_order_id"), table_name="applied_discount")
    op.drop_index(op.f("ix_applied_discount_line_id"), table_name="applied_discount")
    op.drop_index(op.f("ix_applied_discount_discount_id"), table_name="applied_discount")
    op.drop_table("applied_discount")
    op.drop_index(op.f("ix_payment_reference"), table_name="payment")
    op.drop_index("ix_payment_party_id_paid_on", table_name="payment")
    op.drop_index(op.f("ix_payment_paid_on"), table_name="payment")
    op.drop_index(op.f("ix_payment_order_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_index(op.f("ix_order_line_product_id"), table_name="order_line")
    op.drop_index(op.f("ix_order_line_order_id"), table_name="order_line")
    op.drop_table("order_line")
    op.drop_index(op.f("ix_order_event_order_id"), table_name="order_event")
    op.drop_table("order_event")
    op.drop_index("ix_order_party_id_ordered_on", table_name="order")
    op.drop_index(op.f("ix_order_owner_id"), table_name="order")
    op.drop_index(op.f("ix_order_ordered_on"), table_name="order")
    op.drop_index(op.f("ix_order_deal_id"), table_name="order")
    op.drop_index(op.f("ix_order_coupon_id"), table_name="order")
    op.drop_table("order")
    op.drop_index(op.f("ix_coupon_discount_id"), table_name="coupon")
    op.drop_table("coupon")
    op.drop_index("ix_price_entry_product_id_price_list_id", table_name="price_entry")
    op.drop_index(op.f("ix_price_entry_price_list_id"), table_name="price_entry")
    op.drop_table("price_entry")
    op.drop_index(op.f("ix_payment_method_party_id"), table_name="payment_method")
    op.drop_table("payment_method")
    op.drop_index(op.f("ix_party_total_paid_minor"), table_name="party_total")
    op.drop_index(op.f("ix_party_total_last_order_on"), table_name="party_total")
    op.drop_table("party_total")
    op.drop_index(op.f("ix_party_price_list_price_list_id"), table_name="party_price_list")
    op.drop_table("party_price_list")
    op.drop_index(op.f("ix_discount_product_id"), table_name="discount")
    op.drop_table("discount")
    op.drop_index("ix_tax_rate_country_tax_class", table_name="tax_rate")
    op.drop_table("tax_rate")
    op.drop_table("reporting_basis")
    op.drop_table("price_list")
    op.drop_index(op.f("ix_fx_rate_day"), table_name="fx_rate")
    op.drop_table("fx_rate")
