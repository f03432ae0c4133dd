"""custom fields and saved views, and what long lists are read by"""

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CUSTOM = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CUSTOMIZABLE = ("party", "deal", "activity", "product")


def upgrade() -> None:
    op.create_table(
        "custom_field",
        sa.Column("id", _ID, nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("hint", sa.String(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sensitivity", sa.String(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), nullable=False),
        sa.Column("is_indexed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("record", "key", name=op.f("uq_custom_field_record_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "saved_view",
        sa.Column("id", _ID, nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("descending", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_saved_view_record_owner", "saved_view", ["record", "owner"], unique=False)
    for table in CUSTOMIZABLE:
        op.add_column(table, sa.Column("custom", _CUSTOM, nullable=False, server_default="{}"))
    # Lists are sorted by the newest activity, and who was just added has none yet.
    latest = sa.text("coalesce(last_activity_at, created_at)")
    op.create_index("ix_list_party_latest", "party", [latest], unique=False)
    op.create_index("ix_list_party_lifecycle_latest", "party", ["lifecycle", latest], unique=False)
    op.create_index("ix_list_party_owner_latest", "party", ["owner_id", latest], unique=False)
    # Few organizations belong to another: an index of those alone is the one that planners see the use of.
    belongs = sa.text("parent_id IS NOT NULL")
    op.create_index(
        "ix_list_organization_parent", "organization", ["parent_id"], sqlite_where=belongs, postgresql_where=belongs
    )
    if op.get_bind().dialect.name == "postgresql":
        _teach_folding()
        op.create_index("ix_list_address_city", "address", [sa.text("crm_folded(city)"), "party_id"], unique=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_list_address_city", table_name="address")
    op.drop_index("ix_list_organization_parent", table_name="organization")
    op.drop_index("ix_list_party_owner_latest", table_name="party")
    op.drop_index("ix_list_party_lifecycle_latest", table_name="party")
    op.drop_index("ix_list_party_latest", table_name="party")
    for table in CUSTOMIZABLE:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("custom")
    op.drop_index("ix_saved_view_record_owner", table_name="saved_view")
    op.drop_table("saved_view")
    op.drop_table("custom_field")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION crm_folded(text)")


def _teach_folding() -> None:
    """The function of the same name that each SQLite connection is given: text without case and accents."""
    connection = op.get_bind()
    # What lower() knows depends on the database's locale, and under "C" it knows ASCII only; ICU knows them all.
    icu = connection.scalar(sa.text("SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'"))
    marks, start = [], None
    for code in range(0x300, 0x1F000):
        if unicodedata.combining(chr(code)):
            start = code if start is None else start
        elif start is not None:
            marks.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    lower = 'lower(given COLLATE "und-x-icu")' if icu else "lower(given)"
    # As `crmlib.base.folded` does: case away, taken apart, case away once more (taking apart uncovers capitals), marks
    # away, and the letters that have no mark to lose.
    apart = f"normalize(replace(replace({lower}, 'ß', 'ss'), 'ς', 'σ'), NFKD)"
    again = f'normalize(lower({apart} COLLATE "und-x-icu"), NFKD)' if icu else f"normalize(lower({apart}), NFKD)"
    plain = f"translate(regexp_replace({again}, '[{''.join(marks)}]', '', 'g'), 'ıłøđðħŧŋĸƒɓɗƙə', 'iloddhtnkfbdke')"
    for letter, letters in (("þ", "th"), ("æ", "ae"), ("œ", "oe"), ("ĳ", "ij")):
        plain = f"replace({plain}, '{letter}', '{letters}')"
    body = (
        "SELECT CASE WHEN octet_length(given) = length(given)"
        " THEN btrim(lower(given), E' \\t\\n\\r\\f\\x0b\\x1c\\x1d\\x1e\\x1f')"
        f" ELSE btrim({plain}, E' \\t\\n\\r\\f\\x0b\\x1c\\x1d\\x1e\\x1f\\u0085\\u2028\\u2029') END"
    )
    op.execute(
        sa.DDL(
            "CREATE FUNCTION crm_folded(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $crm$ "
            + body.replace("%", "%%")
            + " $crm$"
        )
    )
