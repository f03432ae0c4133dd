"""facts, tags, relations, consent, teams, reminders and series"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"})

_NO_NAMES = frozenset(
    """
    ab ag aps as asa bhd bv bvba co company corp corporation cv doo eg eirl eood gbr gmbh group holding holdings inc
    incorporated kft kg kgaa kk llc llp lp limited ltd ltda mbh nv ohg ood oy oyj pfa plc pt pte pty pvt sa sae saic
    sarl sas sasu sc sca scs sdn se sl slu snc spa spzoo spol sprl srl sro tbk ud ug uab zoo zrt mr mrs ms miss mx
    dr prof ir drs hj h ing dipl bapak ibu pak bu dl dna herr frau jr sr phd and und et si dan the of de da di la le
    el van von der den
    """.split()  # noqa: SIM905
)


def upgrade() -> None:
    op.create_table(
        "recurrence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurrence")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("folded", name=op.f("uq_tag_folded")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consent_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("change", sa.String(length=32), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("text_version", sa.String(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_consent_event_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_event")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consent_event_party_id_at", "consent_event", ["party_id", "at"], unique=False)
    op.create_table(
        "fact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("source_party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("said_on", sa.Date(), nullable=True),
        sa.Column("day_on", sa.Date(), nullable=True),
        sa.Column("remind_yearly", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_fact_party_id")),
        sa.ForeignKeyConstraint(["source_party_id"], ["party.id"], name=op.f("fk_fact_source_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_fact_party_id"), "fact", ["party_id"], unique=False)
    op.create_index(op.f("ix_fact_source_party_id"), "fact", ["source_party_id"], unique=False)
    op.create_index("ix_fact_topic_folded", "fact", ["topic", "folded"], unique=False)
    op.create_table(
        "relation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("other_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("party_id <> other_id", name=op.f("ck_relation_no_self")),
        sa.ForeignKeyConstraint(["other_id"], ["party.id"], name=op.f("fk_relation_other_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_relation_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relation")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_relation_other_id"), "relation", ["other_id"], unique=False)
    op.create_index(op.f("ix_relation_party_id"), "relation", ["party_id"], unique=False)
    op.create_index(
        "uq_relation_open",
        "relation",
        ["party_id", "other_id", "kind"],
        unique=True,
        sqlite_where=sa.text("to_on IS NULL"),
        postgresql_where=sa.text("to_on IS NULL"),
    )
    op.create_table(
        "tagging",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_tagging_tag_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tagging")),
        sa.UniqueConstraint("tag_id", "record", "record_id", name=op.f("uq_tagging_tag_id_record_record_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tagging_record_record_id", "tagging", ["record", "record_id"], unique=False)
    op.create_table(
        "team_member",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("colleague_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["colleague_id"], ["party.id"], name=op.f("fk_team_member_colleague_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_team_member_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
        sa.UniqueConstraint("party_id", "colleague_id", name=op.f("uq_team_member_party_id_colleague_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_team_member_colleague_id"), "team_member", ["colleague_id"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("activity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("for_party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("minutes_before", sa.Integer(), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_reminder_activity_id")),
        sa.ForeignKeyConstraint(["for_party_id"], ["party.id"], name=op.f("fk_reminder_for_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reminder_activity_id"), "reminder", ["activity_id"], unique=False)
    op.create_index("ix_reminder_done_at_remind_at", "reminder", ["done_at", "remind_at"], unique=False)
    op.create_index(op.f("ix_reminder_for_party_id"), "reminder", ["for_party_id"], unique=False)
    op.add_column("activity", sa.Column("result", sa.String(length=32), nullable=True))
    op.add_column("activity", sa.Column("priority", sa.String(), server_default="normal", nullable=False))
    op.add_column("activity", sa.Column("location", sa.String(), nullable=True))
    op.add_column("activity", sa.Column("duration_minutes", sa.Integer(), nullable=True))
    op.add_column(
        "activity",
        sa.Column(
            "follows_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("activity.id", name="fk_activity_follows_id"),
            nullable=True,
        ),
        inline_references=True,
    )
    op.add_column(
        "activity",
        sa.Column(
            "recurrence_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("recurrence.id", name="fk_activity_recurrence_id"),
            nullable=True,
        ),
        inline_references=True,
    )
    op.add_column("activity", sa.Column("slot_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_activity_follows_id"), "activity", ["follows_id"], unique=False)
    op.create_index(op.f("ix_activity_starts_at"), "activity", ["starts_at"], unique=False)
    op.create_index(
        "uq_activity_slot",
        "activity",
        ["recurrence_id", "slot_at"],
        unique=True,
        sqlite_where=sa.text("recurrence_id IS NOT NULL"),
        postgresql_where=sa.text("recurrence_id IS NOT NULL"),
    )
    op.add_column("address", sa.Column("kind", sa.String(length=32), nullable=True))
    op.add_column("address", sa.Column("extra", sa.String(), nullable=True))
    op.add_column("address", sa.Column("po_box", sa.String(), nullable=True))
    op.add_column("address", sa.Column("latitude", sa.Double(), nullable=True))
    op.add_column("address", sa.Column("longitude", sa.Double(), nullable=True))
    op.add_column("affiliation", sa.Column("department", sa.String(), nullable=True))
    op.add_column("contact_point", sa.Column("is_doubtful", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("contact_point", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact_point", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact_point", sa.Column("bounce_reason", sa.String(), nullable=True))
    op.add_column("organization", sa.Column("legal_name", sa.String(), nullable=True))
    op.add_column("organization", sa.Column("registration_number", sa.String(), nullable=True))
    op.add_column("organization", sa.Column("tax_number", sa.String(), nullable=True))
    op.create_index(op.f("ix_organization_tax_number"), "organization", ["tax_number"], unique=False)
    op.add_column("participation", sa.Column("reply", sa.String(length=32), nullable=True))
    op.add_column("participation", sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("party", sa.Column("source_detail", sa.String(), nullable=True))
    op.add_column("party", sa.Column("first_touch_on", sa.Date(), nullable=True))
    op.add_column("party", sa.Column("preferred_channel", sa.String(length=32), nullable=True))
    op.add_column("party", sa.Column("description", sa.Text(), nullable=True))
    op.add_column("party", sa.Column("is_archived", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "party", sa.Column("name_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True)
    )
    op.add_column(
        "party", sa.Column("back_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True)
    )
    op.create_index(op.f("ix_party_back_key"), "party", ["back_key"], unique=False)
    op.create_index(op.f("ix_party_is_archived"), "party", ["is_archived"], unique=False)
    op.create_index(op.f("ix_party_name_key"), "party", ["name_key"], unique=False)
    op.add_column("person", sa.Column("salutation", sa.String(), nullable=True))
    op.add_column("person", sa.Column("middle_name", sa.String(), nullable=True))
    op.add_column("person", sa.Column("suffix", sa.String(), nullable=True))
    op.add_column("person", sa.Column("nickname", sa.String(), nullable=True))
    op.add_column("person", sa.Column("phonetic_given_name", sa.String(), nullable=True))
    op.add_column("person", sa.Column("phonetic_family_name", sa.String(), nullable=True))
    op.add_column("person", sa.Column("pronouns", sa.String(), nullable=True))
    op.add_column("person", sa.Column("gender", sa.String(), nullable=True))
    op.add_column("person", sa.Column("anniversary_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_person_birthday_on"), "person", ["birthday_on"], unique=False)
    _fill_name_keys()


def _fill_name_keys() -> None:
    """Give those who are here their keys, as `crmlib.contacts.likeness` had them when this step was written."""
    connection = op.get_bind()
    party = sa.table("party", sa.column("id"), sa.column("folded"), sa.column("name_key"), sa.column("back_key"))
    fill = (
        party.update()
        .where(party.c.id == sa.bindparam("number"))
        .values(name_key=sa.bindparam("front"), back_key=sa.bindparam("back"))
    )
    last = 0
    while True:
        rows = connection.execute(
            sa.select(party.c.id, party.c.folded).where(party.c.id > last).order_by(party.c.id).limit(5_000)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        keys = [(row.id, *_keys(row.folded)) for row in rows]
        connection.execute(fill, [{"number": n, "front": front, "back": back} for n, front, back in keys])


def _keys(folded: str) -> tuple[str, str]:
    plain = re.sub(r"\b(\w)\.(?=\w\b)", r"\1", folded.translate(_PLAIN)).replace("'", "").replace("\u2019", "")
    found = re.findall(r"\w+", plain)
    first, *between = sorted([word for word in found if word not in _NO_NAMES] or found) or [""]
    if not between:
        return first, first
    last, *others = between[-1], *between[:-1]
    return " ".join([first, last, *others]), " ".join([last, first, *others])


def downgrade() -> None:
    op.drop_index(op.f("ix_person_birthday_on"), table_name="person")
    op.drop_column("person", "anniversary_on")
    op.drop_column("person", "gender")
    op.drop_column("person", "pronouns")
    op.drop_column("person", "phonetic_family_name")
    op.drop_column("person", "phonetic_given_name")
    op.drop_column("person", "nickname")
    op.drop_column("person", "suffix")
    op.drop_column("person", "middle_name")
    op.drop_column("person", "salutation")
    op.drop_index(op.f("ix_party_name_key"), table_name="party")
    op.drop_index(op.f("ix_party_is_archived"), table_name="party")
    op.drop_index(op.f("ix_party_back_key"), table_name="party")
    op.drop_column("party", "back_key")
    op.drop_column("party", "name_key")
    op.drop_column("party", "is_archived")
    op.drop_column("party", "description")
    op.drop_column("party", "preferred_channel")
    op.drop_column("party", "first_touch_on")
    op.drop_column("party", "source_detail")
    op.drop_column("participation", "replied_at")
    op.drop_column("participation", "reply")
    op.drop_index(op.f("ix_organization_tax_number"), table_name="organization")
    op.drop_column("organization", "tax_number")
    op.drop_column("organization", "registration_number")
    op.drop_column("organization", "legal_name")
    op.drop_column("contact_point", "bounce_reason")
    op.drop_column("contact_point", "bounced_at")
    op.drop_column("contact_point", "verified_at")
    op.drop_column("contact_point", "is_doubtful")
    op.drop_column("affiliation", "department")
    op.drop_column("address", "longitude")
    op.drop_column("address", "latitude")
    op.drop_column("address", "po_box")
    op.drop_column("address", "extra")
    op.drop_column("address", "kind")
    op.drop_index(
        "uq_activity_slot",
        table_name="activity",
        sqlite_where=sa.text("recurrence_id IS NOT NULL"),
        postgresql_where=sa.text("recurrence_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_activity_starts_at"), table_name="activity")
    op.drop_index(op.f("ix_activity_follows_id"), table_name="activity")
    op.drop_column("activity", "slot_at")
    with op.batch_alter_table("activity") as activity:
        activity.drop_column("recurrence_id")
        activity.drop_column("follows_id")
    op.drop_column("activity", "duration_minutes")
    op.drop_column("activity", "location")
    op.drop_column("activity", "priority")
    op.drop_column("activity", "result")
    op.drop_index(op.f("ix_reminder_for_party_id"), table_name="reminder")
    op.drop_index("ix_reminder_done_at_remind_at", table_name="reminder")
    op.drop_index(op.f("ix_reminder_activity_id"), table_name="reminder")
    op.drop_table("reminder")
    op.drop_index(op.f("ix_team_member_colleague_id"), table_name="team_member")
    op.drop_table("team_member")
    op.drop_index("ix_tagging_record_record_id", table_name="tagging")
    op.drop_table("tagging")
    op.drop_index(
        "uq_relation_open",
        table_name="relation",
        sqlite_where=sa.text("to_on IS NULL"),
        postgresql_where=sa.text("to_on IS NULL"),
    )
    op.drop_index(op.f("ix_relation_party_id"), table_name="relation")
    op.drop_index(op.f("ix_relation_other_id"), table_name="relation")
    op.drop_table("relation")
    op.drop_index("ix_fact_topic_folded", table_name="fact")
    op.drop_index(op.f("ix_fact_source_party_id"), table_name="fact")
    op.drop_index(op.f("ix_fact_party_id"), table_name="fact")
    op.drop_table("fact")
    op.drop_index("ix_consent_event_party_id_at", table_name="consent_event")
    op.drop_table("consent_event")
    op.drop_table("tag")
    op.drop_table("recurrence")
