"""when somebody was last in touch with a party, kept by the database whichever way an activity is written"""

# ruff: noqa: S608  # triggers are written from what stands here, nothing in them comes from outside

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None

# `party.last_activity_at` is the newest activity done with the party, and not one that reached nobody. SQLite keeps it
# row by row, PostgreSQL once per statement with all its rows. A new activity is compared with what is kept; one that
# goes, or is changed, has it found anew.

# When it took place: as it was planned, but not later than it was done.
_MOMENTS = "coalesce(a.starts_at, a.done_at), a.done_at"
# As `Result.reached` has them.
_REACHED = "'done', 'held', 'reached', 'agreed', 'another appointment', 'sent', 'answered', 'refused', 'call back'"
_COUNTS = f"a.done_at IS NOT NULL AND (a.result IS NULL OR a.result IN ({_REACHED}))"
_WATCHED = ("starts_at", "done_at", "result")


def _latest(moment: str) -> str:
    return (
        f"(SELECT max({moment}) FROM participation q JOIN activity a ON a.id = q.activity_id"
        f" WHERE q.party_id = party.id AND q.part = 'target' AND {_COUNTS})"
    )


def _sqlite() -> list[str]:
    moment = f"min({_MOMENTS})"
    latest = _latest(moment)
    one = f"(SELECT {moment} FROM activity a WHERE a.id = NEW.activity_id AND {_COUNTS})"
    newer = (
        f"UPDATE party SET last_activity_at = {one} WHERE id = NEW.party_id AND coalesce(last_activity_at, '') < {one}"
    )
    # Only the newest one leaves a gap when it goes.
    anew = (
        f"UPDATE party SET last_activity_at = {latest} WHERE id = OLD.party_id AND last_activity_at IS NOT NULL"
        f" AND NOT EXISTS (SELECT 1 FROM activity a WHERE a.id = OLD.activity_id"
        f" AND (NOT ({_COUNTS}) OR {moment} < party.last_activity_at))"
    )
    changed = (
        f"UPDATE party SET last_activity_at = {latest} WHERE id IN"
        " (SELECT party_id FROM participation WHERE activity_id = NEW.id AND part = 'target')"
    )
    differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _WATCHED)
    return [
        (
            f"CREATE TRIGGER participation_latest_insert AFTER INSERT ON participation"
            f" WHEN NEW.part = 'target' BEGIN {newer}; END"
        ),
        (
            f"CREATE TRIGGER participation_latest_update AFTER UPDATE OF activity_id, party_id, part ON participation"
            f" BEGIN UPDATE party SET last_activity_at = {latest} WHERE id IN (OLD.party_id, NEW.party_id); END"
        ),
        (
            f"CREATE TRIGGER participation_latest_delete AFTER DELETE ON participation"
            f" WHEN OLD.part = 'target' BEGIN {anew}; END"
        ),
        (
            f"CREATE TRIGGER activity_latest_update AFTER UPDATE OF {', '.join(_WATCHED)} ON activity"
            f" WHEN {differs} BEGIN {changed}; END"
        ),
    ]


def _postgresql() -> list[str]:
    moment = f"least({_MOMENTS})"
    latest = _latest(moment)
    return [
        f"""
        CREATE FUNCTION participation_latest() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                UPDATE party SET last_activity_at = n.latest
                FROM (
                    SELECT p.party_id, max({moment}) AS latest
                    FROM added p JOIN activity a ON a.id = p.activity_id
                    WHERE p.part = 'target' AND {_COUNTS} GROUP BY p.party_id
                ) n
                WHERE party.id = n.party_id AND (last_activity_at IS NULL OR last_activity_at < n.latest);
            ELSE
                UPDATE party SET last_activity_at = {latest}
                WHERE id IN (SELECT party_id FROM gone WHERE part = 'target')
                AND last_activity_at IS DISTINCT FROM {latest};
            END IF;
            IF TG_OP = 'UPDATE' THEN
                UPDATE party SET last_activity_at = {latest}
                WHERE id IN (SELECT party_id FROM added WHERE part = 'target')
                AND last_activity_at IS DISTINCT FROM {latest};
            END IF;
            RETURN NULL;
        END $$
        """,
        f"""
        CREATE FUNCTION activity_latest() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE party SET last_activity_at = {latest}
            WHERE id IN (
                SELECT p.party_id FROM added n JOIN gone o ON o.id = n.id JOIN participation p ON p.activity_id = n.id
                WHERE p.part = 'target'
                AND ({", ".join(f"o.{one}" for one in _WATCHED)})
                IS DISTINCT FROM ({", ".join(f"n.{one}" for one in _WATCHED)})
            )
            AND last_activity_at IS DISTINCT FROM {latest};
            RETURN NULL;
        END $$
        """,
        (
            "CREATE TRIGGER participation_latest_insert AFTER INSERT ON participation"
            " REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION participation_latest()"
        ),
        (
            "CREATE TRIGGER participation_latest_update AFTER UPDATE ON participation"
            " REFERENCING OLD TABLE AS gone NEW TABLE AS added"
            " FOR EACH STATEMENT EXECUTE FUNCTION participation_latest()"
        ),
        (
            "CREATE TRIGGER participation_latest_delete AFTER DELETE ON participation"
            " REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION participation_latest()"
        ),
        (
            "CREATE TRIGGER activity_latest_update AFTER UPDATE ON activity"
            " REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION activity_latest()"
        ),
    ]


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite() if sqlite else _postgresql():
        op.execute(sa.text(statement.replace(":", "\\:")))
    latest = _latest(f"{'min' if sqlite else 'least'}({_MOMENTS})")
    # What was imported, or came back by an undo, was forgotten so far.
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    again = (
        f"UPDATE party SET last_activity_at = {latest} WHERE last_activity_at {differs} {latest}"
        " AND id IN (SELECT party_id FROM participation)"
    )
    op.execute(sa.text(again))


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, does in (("participation", ("insert", "update", "delete")), ("activity", ("update",))):
        for one in does:
            op.execute(f"DROP TRIGGER {table}_latest_{one}" + ("" if sqlite else f" ON {table}"))
        if not sqlite:
            op.execute(f"DROP FUNCTION {table}_latest()")
