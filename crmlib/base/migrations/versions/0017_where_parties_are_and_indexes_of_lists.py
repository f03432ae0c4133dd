"""where a party is, kept beside it by triggers, and what lists of a million are sorted and filtered by"""

# ruff: noqa: S608  # triggers are written from this file's own words, nothing in them comes from outside

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# --- where a party is ---------------------------------------------------------------------------------------
#
# `party.kept_…`: of its preferred address, and what that does not say of the address of the organization it belongs
# to: where a person works now (the primary affiliation that holds, else the newest), what an organization is part of.
# Kept by triggers, so that no way of writing can forget it. PostgreSQL does it once per statement with all its rows.

_KEPT = ("kept_organization_id", "kept_city", "kept_city_folded", "kept_region", "kept_country")

# Of whom by `{n}`, the number of a party.
_BELONGS = (
    "coalesce((SELECT l.organization_id FROM affiliation l WHERE l.person_id = {n} AND l.to_on IS NULL "
    "ORDER BY l.is_primary DESC, l.id DESC LIMIT 1), (SELECT o.parent_id FROM organization o WHERE o.id = {n}))"
)
_PLACE = (
    "coalesce(h.city, w.city) AS kept_city, "
    "CASE WHEN h.city IS NOT NULL THEN h.folded ELSE w.folded END AS kept_city_folded, "
    "coalesce(h.region, w.region) AS kept_region, coalesce(h.country, w.country) AS kept_country"
)
_ADDRESSES = (
    "LEFT JOIN address h ON h.party_id = x.id AND h.is_preferred "
    "LEFT JOIN address w ON w.party_id = x.kept_organization_id AND w.is_preferred"
)

# Which changes of which rows matter, and to whom: those a row is about, as `{r}` has them.
_AROUND = (
    "SELECT {r}.party_id AS id UNION "
    "SELECT l.person_id FROM affiliation l WHERE l.organization_id = {r}.party_id AND l.to_on IS NULL UNION "
    "SELECT o.id FROM organization o WHERE o.parent_id = {r}.party_id"
)
_TABLES = {
    "address": (("party_id", "city", "folded", "region", "country", "is_preferred"), "{r}.is_preferred", _AROUND),
    "affiliation": (
        ("person_id", "organization_id", "to_on", "is_primary"),
        "{r}.to_on IS NULL",
        "SELECT {r}.person_id AS id",
    ),
    "organization": (("parent_id",), "TRUE", "SELECT {r}.id AS id"),
}


def _of(text: str, row: str) -> str:
    return text.replace("{r}", row)


def _sqlite_triggers(table: str):
    watched, counted, whom = _TABLES[table]
    place = (
        f"SELECT kept_organization_id, {_PLACE} FROM "
        f"(SELECT party.id AS id, {_BELONGS.replace('{n}', 'party.id')} AS kept_organization_id) x {_ADDRESSES}"
    )
    kept = ", ".join(_KEPT)

    def again(*rows: str) -> str:
        parties = " UNION ".join(_of(whom, row) for row in rows)
        return f"UPDATE party SET ({kept}) = ({place}) WHERE id IN ({parties}) AND ({kept}) IS NOT ({place});"

    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in watched)
    either = f"({_of(counted, 'OLD')} OR {_of(counted, 'NEW')})"
    new = "NEW.parent_id IS NOT NULL" if table == "organization" else _of(counted, "NEW")
    yield f"CREATE TRIGGER kept_{table}_insert AFTER INSERT ON {table} WHEN {new} BEGIN {again('NEW')} END"
    yield (
        f"CREATE TRIGGER kept_{table}_update AFTER UPDATE OF {', '.join(watched)} ON {table} "
        f"WHEN {either} AND ({changed}) BEGIN {again('OLD', 'NEW')} END"
    )
    if table != "organization":
        old = _of(counted, "OLD")
        yield f"CREATE TRIGGER kept_{table}_delete AFTER DELETE ON {table} WHEN {old} BEGIN {again('OLD')} END"


def _postgresql_functions():
    same = ", ".join(f"p.{name}" for name in _KEPT), ", ".join(f"f.{name}" for name in _KEPT)
    # The rows are locked first: whoever comes second then sees what the first one did, and nobody waits for each other.
    yield f"""CREATE FUNCTION kept_refresh(parties bigint[]) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM party WHERE id = ANY(parties) ORDER BY id FOR NO KEY UPDATE;
            UPDATE party p SET {", ".join(f"{name} = f.{name}" for name in _KEPT)}
            FROM (SELECT x.id, x.kept_organization_id, {_PLACE}
                  FROM (SELECT n AS id, {_BELONGS.replace("{n}", "n")} AS kept_organization_id
                        FROM unnest(parties) AS n) x {_ADDRESSES}) f
            WHERE p.id = f.id AND ({same[0]}) IS DISTINCT FROM ({same[1]});
        END $$"""
    for table, (watched, counted, whom) in _TABLES.items():
        new = "r.parent_id IS NOT NULL" if table == "organization" else _of(counted, "r")
        was, now = (", ".join(f"{row}.{name}" for name in watched) for row in ("o", "r"))
        changed = f"""
            SELECT r.* FROM new_rows r JOIN old_rows o ON o.id = r.id WHERE ({was}) IS DISTINCT FROM ({now})
            UNION ALL
            SELECT o.* FROM new_rows r JOIN old_rows o ON o.id = r.id WHERE ({was}) IS DISTINCT FROM ({now})"""

        def found(rows: str, which: str, whom: str = whom) -> str:
            return (
                f"SELECT array_agg(DISTINCT f.id) INTO touched FROM {rows} r, "
                f"LATERAL ({_of(whom, 'r')}) f WHERE {which};"
            )

        yield f"""CREATE FUNCTION kept_{table}_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE touched bigint[];
        BEGIN
            IF TG_OP = 'INSERT' THEN
                {found("new_rows", new)}
            ELSIF TG_OP = 'DELETE' THEN
                {found("old_rows", _of(counted, "r"))}
            ELSE
                {found(f"({changed})", _of(counted, "r"))}
            END IF;
            IF touched IS NOT NULL THEN
                PERFORM kept_refresh(touched);
            END IF;
            RETURN NULL;
        END $$"""
        for event, rows in (
            ("insert", "NEW TABLE AS new_rows"),
            ("update", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("delete", "OLD TABLE AS old_rows"),
        ):
            if (table, event) != ("organization", "delete"):
                yield (
                    f"CREATE TRIGGER kept_{table}_{event} AFTER {event} ON {table} "
                    f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION kept_{table}_changed()"
                )


def _forgotten(dialect: str):
    for table in _TABLES:
        if dialect == "postgresql":
            yield f"DROP FUNCTION kept_{table}_changed() CASCADE"
        else:
            yield from (f"DROP TRIGGER IF EXISTS kept_{table}_{event}" for event in ("insert", "update", "delete"))
    if dialect == "postgresql":
        yield "DROP FUNCTION kept_refresh(bigint[])"


def _fill(bind) -> None:
    """For everybody who is here already."""
    kept = ", ".join(_KEPT)
    place = (
        f"SELECT kept_organization_id, {_PLACE} FROM "
        f"(SELECT party.id AS id, {_BELONGS.replace('{n}', 'party.id')} AS kept_organization_id) x {_ADDRESSES}"
    )
    somewhere = (
        "SELECT party_id FROM address WHERE is_preferred UNION SELECT person_id FROM affiliation WHERE to_on IS NULL "
        "UNION SELECT id FROM organization WHERE parent_id IS NOT NULL"
    )
    filled = f"UPDATE party SET ({kept}) = ({place}) WHERE id IN ({somewhere})"
    bind.exec_driver_sql(filled)


# --- indexes ------------------------------------------------------------------------------------------------
#
# A list is sorted by a value and the record's number: an index of both is walked, and the first page costs what its
# rows cost. Where there was one of the value alone, this one takes its place.

_TOTALS = (
    "paid_minor",
    "ordered_minor",
    "refunded_minor",
    "n_orders",
    "n_payments",
    "n_refunds",
    "first_order_on",
    "last_order_on",
    "last_paid_on",
)
_NEW = (
    ("ix_party_kept_city_folded", "party", ["kept_city_folded", "folded", "id"]),
    ("ix_party_kept_region", "party", ["kept_region", "id"]),
    ("ix_party_kept_country", "party", ["kept_country", "id"]),
    ("ix_party_kept_organization_id", "party", ["kept_organization_id", "id"]),
    ("ix_party_source", "party", ["source", "id"]),
    ("ix_party_created_at", "party", ["created_at", "id"]),
    ("ix_party_lifecycle_is_archived", "party", ["lifecycle", "is_archived"]),
    *((f"ix_party_total_{name}", "party_total", [name, "party_id"]) for name in _TOTALS),
    ("ix_deal_stage_id_closed_on", "deal", ["stage_id", "closed_on", "id"]),
    ("ix_lead_received_at", "lead", ["received_at", "id"]),
    ("ix_order_total_minor", "order", ["total_minor", "id"]),
    ("ix_order_reporting_minor", "order", ["reporting_minor", "id"]),
    ("ix_payment_amount_minor", "payment", ["amount_minor", "id"]),
)
_WIDER = (
    ("ix_party_owner_id", "party", "owner_id"),
    ("ix_party_last_activity_at", "party", "last_activity_at"),
    ("ix_order_ordered_on", "order", "ordered_on"),
    ("ix_payment_paid_on", "payment", "paid_on"),
)
_GONE = (
    ("ix_party_is_archived", "party", "is_archived"),
    ("ix_party_total_paid_minor", "party_total", "paid_minor"),
    ("ix_party_total_last_order_on", "party_total", "last_order_on"),
)


def upgrade() -> None:
    bind = op.get_bind()
    # Ordered by the signs themselves, whatever the database's language.
    by_sign = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.add_column("party", sa.Column("kept_organization_id", sa.BigInteger(), nullable=True))
    op.add_column("party", sa.Column("kept_city", sa.String(), nullable=True))
    op.add_column("party", sa.Column("kept_city_folded", by_sign, nullable=True))
    op.add_column("party", sa.Column("kept_region", sa.String(), nullable=True))
    op.add_column("party", sa.Column("kept_country", sa.String(length=2), nullable=True))
    _fill(bind)
    for name, table, _column in _GONE:
        op.drop_index(name, table_name=table)
    for name, table, columns in _NEW:
        op.create_index(name, table, columns, unique=False)
    for name, table, column in _WIDER:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [column, "id"], unique=False)
    if bind.dialect.name == "sqlite":
        for table in _TABLES:
            for statement in _sqlite_triggers(table):
                bind.exec_driver_sql(statement)
    else:
        for statement in _postgresql_functions():
            bind.exec_driver_sql(statement)


def downgrade() -> None:
    bind = op.get_bind()
    for statement in _forgotten(bind.dialect.name):
        bind.exec_driver_sql(statement)
    for name, table, column in _WIDER:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [column], unique=False)
    for name, table, _columns in _NEW:
        op.drop_index(name, table_name=table)
    for name, table, column in _GONE:
        op.create_index(name, table, [column], unique=False)
    for name in reversed(_KEPT):
        op.drop_column("party", name)
