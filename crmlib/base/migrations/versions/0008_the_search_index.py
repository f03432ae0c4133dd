"""the search index: one entry per record, kept by triggers"""

# ruff: noqa: S608  (the statements are put together from this file's own words)

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# An entry's number is its kind's code times 2^48 plus the record's number: one range of the index per kind.
KINDS = {"party": 1, "deal": 2, "activity": 3, "product": 4, "order": 5}
SEPARATORS = '-./,@()_+:;"\n\t\r'
DROPPED = "'’"

_PLAIN = str.maketrans(
    {
        "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ƒ": "f", "ɓ": "b",
        "ɗ": "d", "ƙ": "k", "ə": "e", "þ": "th", "æ": "ae", "œ": "oe", "ĳ": "ij",
    }
)  # fmt: skip


def folded(text):
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = unicodedata.normalize("NFKD", plain.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(_PLAIN).strip()


def upgrade() -> None:
    bind = op.get_bind()
    dialect = bind.dialect.name
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    # Ordered by the signs themselves, whatever the database's language: a prefix is then a range of the index.
    by_sign = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "search_entry",
        sa.Column("id", number, nullable=False, autoincrement=False),
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("name", by_sign, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entry")),
    )
    op.create_index("ix_search_entry_record_name", "search_entry", ["record", "name"])
    op.create_table(
        "search_word",
        sa.Column("id", number, nullable=False),
        sa.Column("word", by_sign, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_word")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_search_word_word"), "search_word", ["word"])
    op.create_table(
        "search_pause",
        sa.Column("id", number, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_pause")),
        sqlite_autoincrement=True,
    )
    for table in ("address", "deal", "activity", "product"):
        op.add_column(table, sa.Column("folded", sa.String(), nullable=True))
    _fold(bind)
    for statement in _sqlite() if dialect == "sqlite" else _postgresql():
        bind.exec_driver_sql(statement)


def downgrade() -> None:
    bind = op.get_bind()
    inspector = sa.inspect(bind)
    for view in [name for name in inspector.get_view_names() if name.startswith("search_source_")]:
        bind.exec_driver_sql(f"DROP VIEW {view}")
    if bind.dialect.name == "sqlite":
        names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, 7) = 'search_'"
        for (name,) in bind.exec_driver_sql(names).fetchall():
            bind.exec_driver_sql(f'DROP TRIGGER "{name}"')
        for table in ("search_fts", "search_fts_begin"):
            bind.exec_driver_sql(f"DROP TABLE {table}")
    else:
        names = (
            "SELECT oid::regprocedure::text FROM pg_proc WHERE left(proname, 7) = 'search_' "
            "AND pronamespace = current_schema()::regnamespace"
        )
        for (name,) in bind.exec_driver_sql(names).fetchall():
            bind.exec_driver_sql(f"DROP FUNCTION {name} CASCADE")
    for table in ("address", "deal", "activity", "product"):
        op.drop_column(table, "folded")
    for table in ("search_pause", "search_word", "search_entry"):
        op.drop_table(table)


def _fold(bind) -> None:
    """Fill the new columns of the rows that are here."""
    read = {
        "address": ("city", lambda row: row[1] and folded(row[1])),
        "deal": ("name", lambda row: folded(row[1])),
        "activity": ("subject, substr(body, 1, 500)", lambda row: folded(f"{row[1]}\n{row[2] or ''}")),
        "product": ("name, code", lambda row: folded(f"{row[1]}\n{row[2] or ''}")),
    }
    for table, (columns, fold) in read.items():
        after = 0
        while True:
            rows = bind.exec_driver_sql(
                f"SELECT id, {columns} FROM {table} WHERE id > {after} ORDER BY id LIMIT 5000"
            ).fetchall()
            if not rows:
                break
            after = rows[-1][0]
            statement = sa.text(f"UPDATE {table} SET folded = :folded WHERE id = :id")
            bind.execute(statement, [{"folded": fold(row), "id": row[0]} for row in rows])


# --- SQLite ------------------------------------------------------------------------------------------

RUNNING = "NOT EXISTS (SELECT 1 FROM search_pause)"


def _clean(value: str) -> str:
    for sign in SEPARATORS:
        value = f"replace({value}, char({ord(sign)}), ' ')"
    for sign in DROPPED:
        value = f"replace({value}, char({ord(sign)}), '')"
    return value


def _spread(value: str) -> str:
    return f"'  ' || replace({_clean(value)}, ' ', '  ')"


def _party_text(party: str, name: str) -> str:
    def of(value: str, rows: str) -> str:
        return f"coalesce((SELECT group_concat(' ' || v, '') FROM (SELECT {value} AS v FROM {rows})), '')"

    employers = (
        f"affiliation a JOIN party o ON o.id = a.organization_id "
        f"WHERE a.person_id = {party} AND a.to_on IS NULL ORDER BY a.id"
    )
    parts = (
        name,
        of("o.folded", employers),
        of("normalised", f"contact_point WHERE party_id = {party} ORDER BY id"),
        of("folded", f"address WHERE party_id = {party} AND folded IS NOT NULL ORDER BY id"),
    )
    return _spread("(" + " || ".join(parts) + ")")


# Every printable ASCII sign but the blank belongs to a word: what divides words is a blank in the index already.
SIGNS = "".join(chr(code) for code in range(33, 127) if not chr(code).isalnum() and chr(code) != "'").replace('"', '""')


def _sqlite():
    # For any part of a word, and for beginnings of words: each of up to eight letters has its own list there, so that
    # the newest of very many are read without looking at the others.
    yield (
        "CREATE VIRTUAL TABLE search_fts USING fts5("
        "text, content='search_entry', content_rowid='id', tokenize='trigram case_sensitive 1', detail=none)"
    )
    yield (
        "CREATE VIRTUAL TABLE search_fts_begin USING fts5(text, content='search_entry', content_rowid='id', "
        f"tokenize=\"ascii tokenchars '{SIGNS}'\", detail=none, prefix='1 2 3 4 5 6 7 8')"
    )
    yield from _sqlite_index()
    yield from _sqlite_parties()
    for table in ("deal", "activity", "product"):
        value = "coalesce(NEW.folded, '')"
        name = f"substr({value}, 1, instr({value} || char(10), char(10)) - 1)"
        yield from _sqlite_simple(table, "folded", name, value)
    yield from _sqlite_simple("order", "number", "lower(NEW.number)", "lower(NEW.number)")


def _source(table: str, rows: str, key: str, name: str, text: str):
    """What the index should hold of a table: the view that rebuilding and checking read. And the rows that are here."""
    yield (
        f"CREATE VIEW search_source_{table} AS SELECT {KINDS[table] << 48} + {key} AS id, '{table}' AS record, "
        f"{key} AS record_id, {name} AS name, {text} AS text FROM {rows}"
    )
    yield (
        f"INSERT INTO search_entry(id, record, record_id, name, text) "
        f"SELECT id, record, record_id, name, text FROM search_source_{table}"
    )


def _sqlite_index():
    words = (
        "INSERT INTO search_word(word) SELECT DISTINCT word FROM ("
        "WITH RECURSIVE cut(word, rest) AS (SELECT '', NEW.name || ' ' UNION ALL "
        "SELECT substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM cut WHERE rest <> '') "
        "SELECT word FROM cut WHERE length(word) BETWEEN 3 AND 40) AS found "
        "WHERE NOT EXISTS (SELECT 1 FROM search_word known WHERE known.word = found.word)"
    )
    tables = ("search_fts", "search_fts_begin")
    add = "; ".join(f"INSERT INTO {table}(rowid, text) VALUES (NEW.id, NEW.text)" for table in tables)
    take = "; ".join(
        f"INSERT INTO {table}({table}, rowid, text) VALUES ('delete', OLD.id, OLD.text)" for table in tables
    )
    for event, when, body in (
        ("insert", "AFTER INSERT", f"{add}; {words};"),
        ("delete", "AFTER DELETE", f"{take};"),
        ("update", "AFTER UPDATE OF text", f"{take}; {add};"),
        ("rename", "AFTER UPDATE OF name", f"{words};"),
    ):
        changed = {"update": " AND OLD.text IS NOT NEW.text", "rename": " AND OLD.name IS NOT NEW.name"}.get(event, "")
        yield (f"CREATE TRIGGER search_entry_{event} {when} ON search_entry WHEN {RUNNING}{changed} BEGIN {body} END")


def _sqlite_simple(table: str, column: str, name: str, text: str):
    key = KINDS[table] << 48
    own = [value.replace("NEW.", "r.") for value in (_clean(name), _spread(text))]
    yield from _source(table, f'"{table}" r', "r.id", *own)
    yield (
        f'CREATE TRIGGER search_{table}_insert AFTER INSERT ON "{table}" WHEN {RUNNING} BEGIN '
        f"INSERT INTO search_entry(id, record, record_id, name, text) "
        f"VALUES ({key} + NEW.id, '{table}', NEW.id, {_clean(name)}, {_spread(text)}); END"
    )
    yield (
        f'CREATE TRIGGER search_{table}_update AFTER UPDATE OF {column} ON "{table}" '
        f"WHEN OLD.{column} IS NOT NEW.{column} AND {RUNNING} BEGIN "
        f"UPDATE search_entry SET name = {_clean(name)}, text = {_spread(text)} WHERE id = {key} + NEW.id; END"
    )
    yield (
        f'CREATE TRIGGER search_{table}_delete AFTER DELETE ON "{table}" WHEN {RUNNING} BEGIN '
        f"DELETE FROM search_entry WHERE id = {key} + OLD.id; END"
    )


def _sqlite_parties():
    key = KINDS["party"] << 48
    yield (
        f"CREATE TRIGGER search_party_insert AFTER INSERT ON party WHEN {RUNNING} BEGIN "
        f"INSERT INTO search_entry(id, record, record_id, name, text) "
        f"VALUES ({key} + NEW.id, 'party', NEW.id, {_clean('NEW.folded')}, {_spread('NEW.folded')}); END"
    )
    whole = _party_text("p.id", "p.folded")

    def again(parties: str) -> str:
        # The name travels in the same statement, so that an entry is written once however much of it changed.
        return (
            f"UPDATE search_entry SET text = (SELECT {whole} FROM party p WHERE p.id = search_entry.record_id) "
            f"WHERE id IN (SELECT {key} + party_id FROM ({parties})) "
            f"AND EXISTS (SELECT 1 FROM party p WHERE p.id = search_entry.record_id);"
        )

    yield (
        f"CREATE TRIGGER search_party_update AFTER UPDATE OF folded ON party "
        f"WHEN OLD.folded IS NOT NEW.folded AND {RUNNING} BEGIN "
        f"UPDATE search_entry SET name = {_clean('NEW.folded')} WHERE id = {key} + NEW.id; "
        + again(
            "SELECT NEW.id AS party_id UNION "
            "SELECT person_id FROM affiliation WHERE organization_id = NEW.id AND to_on IS NULL"
        )
        + " END"
    )
    yield (
        f"CREATE TRIGGER search_party_delete AFTER DELETE ON party WHEN {RUNNING} BEGIN "
        f"DELETE FROM search_entry WHERE id = {key} + OLD.id; END"
    )
    for table, owner, columns in (
        ("contact_point", "party_id", ("party_id", "normalised")),
        ("address", "party_id", ("party_id", "folded")),
        ("affiliation", "person_id", ("person_id", "organization_id", "to_on")),
    ):
        changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns)
        both = f"SELECT OLD.{owner} AS party_id UNION SELECT NEW.{owner}"
        for event, when, condition, parties in (
            ("insert", "AFTER INSERT", RUNNING, f"SELECT NEW.{owner} AS party_id"),
            ("delete", "AFTER DELETE", RUNNING, f"SELECT OLD.{owner} AS party_id"),
            ("update", f"AFTER UPDATE OF {', '.join(columns)}", f"({changed}) AND {RUNNING}", both),
        ):
            yield (
                f"CREATE TRIGGER search_{table}_{event} {when} ON {table} WHEN {condition} BEGIN {again(parties)} END"
            )
    yield from _source("party", "party p", "p.id", _clean("p.folded"), whole)


# --- PostgreSQL --------------------------------------------------------------------------------------
# Triggers fire once a statement, with all its rows. An entry is locked before its text is put together: whoever
# comes second then sees what the first one did, and nothing that two people add at once is lost.


def _postgresql():
    yield "CREATE EXTENSION IF NOT EXISTS pg_trgm"
    spaces = " " * len(SEPARATORS)
    signs = (SEPARATORS + DROPPED).replace("'", "''")
    yield (
        f"CREATE FUNCTION search_clean(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
        f"SELECT translate(value, '{signs}', '{spaces}') $$"
    )
    yield (
        "CREATE FUNCTION search_spread(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ "
        "SELECT '  ' || replace(search_clean(value), ' ', '  ') $$"
    )
    yield """CREATE FUNCTION search_party_text(party_number bigint, name text) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT search_spread(name
            || coalesce((SELECT string_agg(' ' || o.folded, '' ORDER BY a.id) FROM affiliation a
                         JOIN party o ON o.id = a.organization_id
                         WHERE a.person_id = party_number AND a.to_on IS NULL), '')
            || coalesce((SELECT string_agg(' ' || c.normalised, '' ORDER BY c.id) FROM contact_point c
                         WHERE c.party_id = party_number), '')
            || coalesce((SELECT string_agg(' ' || d.folded, '' ORDER BY d.id) FROM address d
                         WHERE d.party_id = party_number AND d.folded IS NOT NULL), '')) $$"""
    # A word of a tsvector has at most 2,046 bytes, and all of them together a megabyte.
    yield """CREATE FUNCTION search_begin(value text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(array_remove(string_to_array(
            CASE WHEN length(value) <= 500 THEN value
                 ELSE regexp_replace(left(value, 100000), '([^ ]{200})[^ ]+', '\\1', 'g') END, ' '), '')) $$"""
    # Lists of what came last, read through by every search, are kept short.
    for name, on in (("text", "text gin_trgm_ops"), ("text_begin", "search_begin(text)")):
        yield (
            f"CREATE INDEX ix_search_entry_{name} ON search_entry USING gin ({on}) WITH (gin_pending_list_limit = 256)"
        )
    yield """CREATE FUNCTION search_words() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM search_pause) THEN RETURN NULL; END IF;
            INSERT INTO search_word(word)
            SELECT DISTINCT found.word FROM new_rows, unnest(string_to_array(new_rows.name, ' ')) AS found(word)
            WHERE length(found.word) BETWEEN 3 AND 40
              AND NOT EXISTS (SELECT 1 FROM search_word known WHERE known.word = found.word);
            RETURN NULL;
        END $$"""
    for event in ("insert", "update"):
        yield (
            f"CREATE TRIGGER search_entry_{event} AFTER {event} ON search_entry "
            f"REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION search_words()"
        )
    yield from _postgresql_parties()
    for table in ("deal", "activity", "product"):
        value = "coalesce(r.folded, '')"
        yield from _postgresql_simple(table, "folded", f"split_part({value}, chr(10), 1)", value)
    number = 'lower(r.number COLLATE "C")'
    yield from _postgresql_simple("order", "number", number, number)


def _postgresql_triggers(table: str, function: str):
    for event, rows in (("insert", "NEW TABLE AS new_rows"), ("delete", "OLD TABLE AS old_rows"),
                        ("update", "OLD TABLE AS old_rows NEW TABLE AS new_rows")):  # fmt: skip
        yield (
            f'CREATE TRIGGER search_{table}_{event} AFTER {event} ON "{table}" '
            f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def _postgresql_simple(table: str, column: str, name: str, text: str):
    key = KINDS[table] << 48
    yield f"""CREATE FUNCTION search_{table}_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM search_pause) THEN RETURN NULL; END IF;
            IF TG_OP = 'INSERT' THEN
                INSERT INTO search_entry(id, record, record_id, name, text)
                SELECT {key} + r.id, '{table}', r.id, search_clean({name}), search_spread({text}) FROM new_rows r;
            ELSIF TG_OP = 'DELETE' THEN
                DELETE FROM search_entry WHERE id IN (SELECT {key} + r.id FROM old_rows r);
            ELSE
                UPDATE search_entry e SET name = search_clean({name}), text = search_spread({text})
                FROM new_rows r JOIN old_rows o ON o.id = r.id
                WHERE e.id = {key} + r.id AND o.{column} IS DISTINCT FROM r.{column};
            END IF;
            RETURN NULL;
        END $$"""
    yield from _postgresql_triggers(table, f"search_{table}_changed")
    yield from _source(table, f'"{table}" r', "r.id", f"search_clean({name})", f"search_spread({text})")


def _postgresql_parties():
    key = KINDS["party"] << 48
    yield f"""CREATE FUNCTION search_refresh(parties bigint[]) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE search_entry e SET name = search_clean(p.folded), text = search_party_text(p.id, p.folded)
            FROM party p WHERE e.id = {key} + p.id AND p.id = ANY(parties)
              AND (e.name, e.text) IS DISTINCT FROM (search_clean(p.folded), search_party_text(p.id, p.folded));
        END $$"""
    yield f"""CREATE FUNCTION search_lock(parties bigint[]) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM search_entry WHERE id IN (SELECT {key} + n FROM unnest(parties) AS n)
            ORDER BY id FOR NO KEY UPDATE;
        END $$"""
    yield f"""CREATE FUNCTION search_party_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE renamed bigint[]; members bigint[];
        BEGIN
            IF EXISTS (SELECT 1 FROM search_pause) THEN RETURN NULL; END IF;
            IF TG_OP = 'INSERT' THEN
                INSERT INTO search_entry(id, record, record_id, name, text)
                SELECT {key} + r.id, 'party', r.id, search_clean(r.folded), search_spread(r.folded) FROM new_rows r;
            ELSIF TG_OP = 'DELETE' THEN
                DELETE FROM search_entry WHERE id IN (SELECT {key} + r.id FROM old_rows r);
            ELSE
                SELECT array_agg(r.id) INTO renamed FROM new_rows r JOIN old_rows o ON o.id = r.id
                WHERE r.folded IS DISTINCT FROM o.folded;
                IF renamed IS NULL THEN RETURN NULL; END IF;
                PERFORM search_lock(renamed);
                SELECT array_agg(person_id) INTO members FROM affiliation
                WHERE organization_id = ANY(renamed) AND to_on IS NULL;
                PERFORM search_lock(members);
                PERFORM search_refresh(renamed || coalesce(members, ARRAY[]::bigint[]));
            END IF;
            RETURN NULL;
        END $$"""
    yield from _postgresql_triggers("party", "search_party_changed")
    for table, owner, columns in (
        ("contact_point", "party_id", ("party_id", "normalised")),
        ("address", "party_id", ("party_id", "folded")),
        ("affiliation", "person_id", ("person_id", "organization_id", "to_on")),
    ):
        changed = ", ".join(f"o.{name}" for name in columns), ", ".join(f"r.{name}" for name in columns)
        # A rename of the organization waits for who joins it, and the other way round.
        lock = f"array_agg(r.{owner})"
        if table == "affiliation":
            lock += " || array_agg(r.organization_id)"
        yield f"""CREATE FUNCTION search_{table}_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE touched bigint[]; locked bigint[];
        BEGIN
            IF EXISTS (SELECT 1 FROM search_pause) THEN RETURN NULL; END IF;
            IF TG_OP = 'INSERT' THEN
                SELECT array_agg(DISTINCT r.{owner}), {lock} INTO touched, locked FROM new_rows r;
            ELSIF TG_OP = 'DELETE' THEN
                SELECT array_agg(DISTINCT r.{owner}), {lock} INTO touched, locked FROM old_rows r;
            ELSE
                SELECT array_agg(DISTINCT r.{owner}), {lock} INTO touched, locked FROM (
                    SELECT r.* FROM new_rows r JOIN old_rows o ON o.id = r.id
                    WHERE ({changed[0]}) IS DISTINCT FROM ({changed[1]})
                    UNION ALL
                    SELECT o.* FROM new_rows r JOIN old_rows o ON o.id = r.id
                    WHERE ({changed[0]}) IS DISTINCT FROM ({changed[1]})) r;
            END IF;
            IF touched IS NOT NULL THEN
                PERFORM search_lock(locked);
                PERFORM search_refresh(touched);
            END IF;
            RETURN NULL;
        END $$"""
        yield from _postgresql_triggers(table, f"search_{table}_changed")
    # The same as search_party_text, for very many at once.
    joined = """party p
        LEFT JOIN (SELECT a.person_id AS id, string_agg(' ' || o.folded, '' ORDER BY a.id) AS words FROM affiliation a
                   JOIN party o ON o.id = a.organization_id WHERE a.to_on IS NULL GROUP BY a.person_id) o USING (id)
        LEFT JOIN (SELECT party_id AS id, string_agg(' ' || normalised, '' ORDER BY id) AS words FROM contact_point
                   GROUP BY party_id) c USING (id)
        LEFT JOIN (SELECT party_id AS id, string_agg(' ' || folded, '' ORDER BY id) AS words FROM address
                   WHERE folded IS NOT NULL GROUP BY party_id) d USING (id)"""
    words = "p.folded || coalesce(o.words, '') || coalesce(c.words, '') || coalesce(d.words, '')"
    yield from _source("party", joined, "p.id", "search_clean(p.folded)", f"search_spread({words})")
