"""What a customer's page shows and what can be done on it; no pixels in here."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import traitlets as tl

from crmlib import Workbench, activities, billing, contacts, sales
from crmlib.activities import ActivityKind, TimelineEntry
from crmlib.base import LONGEST_TEXT, Conflict, CrmError, InvalidInput, Money, as_json
from crmlib.contacts import ContactKind, Organization, Party, Person, primary_affiliation, shown_phone
from crmlib.i18n import country_name, format_date, format_money, format_number, ngettext
from crmlib.i18n import gettext as _
from widgets.shared import arrived, shown
from widgets.shared.ui import errors_shown_in

ENTRIES = 30
DEALS = 50

# What is offered to be filled in though it is empty; other empty facts stand behind a button.
USUAL = frozenset(
    {"family_name", "job_title", "birthday_on", "sector", "n_employees", "website", "street", "city", "country"}
)
TOPIC_ICONS = {
    "likes": "mdi-thumb-up-outline",
    "dislikes": "mdi-thumb-down-outline",
    "family": "mdi-account-group-outline",
    "pet": "mdi-paw-outline",
    "dates": "mdi-calendar-heart",
    "work": "mdi-briefcase-outline",
}
LOGGED = (ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.MEETING, ActivityKind.NOTE)


class CustomerModel(tl.HasTraits):
    """One party with its facts, the ways to reach it, its people and deals, and its timeline.

    `field_error` says beside which field (`key`) something typed was refused, and why; what was typed stays there.
    """

    party = tl.Dict()
    contact_points = tl.List(tl.Dict())
    facts = tl.List(tl.Dict())
    custom = tl.List(tl.Dict())
    options = tl.Dict()
    tags = tl.List(tl.Dict())
    remembered = tl.List(tl.Dict())
    money = tl.List(tl.Dict())
    related = tl.List(tl.Dict())
    deals = tl.List(tl.Dict())
    deal_count = tl.Unicode()
    days = tl.List(tl.Dict())
    has_more = tl.Bool(False)
    sieve = tl.Unicode()
    sieves = tl.List(tl.Dict())
    contact_kinds = tl.List(tl.Dict())
    log_kinds = tl.List(tl.Dict())
    field_error = tl.Dict()
    toast = tl.Dict()
    message = tl.Unicode()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self._workbench = workbench
        self._id = 0
        self._wanted = ENTRIES
        self._entries: list[TimelineEntry] = []
        self._n = 0
        self._undo: Callable[[], None] | None = None
        self._reasons: dict[str, str] = {}
        self.contact_kinds = [{"value": kind.value, "title": _(kind.label)} for kind in ContactKind]
        self.log_kinds = [
            {"value": kind.value, "title": _(kind.label), "icon": shown.ACTIVITY_ICONS[kind]} for kind in LOGGED
        ]
        self.sieves = [
            {"value": "", "label": _("All")},
            {"value": "call", "label": _("Calls")},
            {"value": "email", "label": _("Mail")},
            {"value": "meeting", "label": _("Meetings")},
            {"value": "note", "label": _("Notes")},
            {"value": "task", "label": _("Tasks")},
            {"value": "event", "label": _("Events")},
            {"value": "change", "label": _("Changes")},
        ]

    def show(self, asked: dict[str, Any]) -> None:
        """Show the party with this `id`. Who is not there leaves a message and an empty page."""
        self._id = arrived.whole(asked.get("id"))
        self.sieve, self.field_error, self.message, self._wanted = "", {}, "", ENTRIES
        self.refresh()

    def refresh(self) -> None:
        """Read the page anew."""
        with errors_shown_in(self), self._workbench.reading() as session:
            party = contacts.party_card(session, self._id)
            people = _circle(party)
            self.party = self._header(party)
            self.contact_points = [_point(point) for point in party.contact_points]
            self.facts = self._facts(party)
            self.custom = shown.custom_fields(session, party, self._workbench)
            self.tags = [
                {"id": one["tag_id"], "name": one["tag"]}
                for one in contacts.tags_of(session, Party, [party.id]).get(party.id, [])
            ]
            self.remembered = [
                {
                    "id": fact.id,
                    "topic": _(fact.topic.label),
                    "icon": TOPIC_ICONS.get(fact.topic.value, ""),
                    "text": fact.value,
                }
                for fact in contacts.remembered(session, party.id)
            ]
            self.money = self._money(session)
            self.related = _related(party)
            found = sales.deals_of(session, people, limit=DEALS + 1)
            self.deals = [self._deal(deal) for deal in found[:DEALS]]
            self.deal_count = f"{len(self.deals)}{'+' if len(found) > DEALS else ''}" if found else ""
            self._entries = self._timeline(session, people)
            self._set_days()
            return
        self.party, self.contact_points, self.facts, self.related = {}, [], [], []
        self.deals, self.deal_count, self.days, self.has_more = [], "", [], False
        self.custom, self.tags, self.remembered, self.money = [], [], [], []

    def sift(self, sieve: Any) -> None:
        """Keep only one sort of entries on the timeline; the empty one keeps all."""
        known = {one["value"] for one in self.sieves}
        self.sieve = sieve if isinstance(sieve, str) and sieve in known else ""
        self._wanted = ENTRIES
        with errors_shown_in(self), self._workbench.reading() as session:
            self._entries = self._timeline(session, _circle(contacts.party_card(session, self._id)))
            self._set_days()

    def more(self) -> None:
        """Go on with what happened before."""
        # Read from the start again: several entries may share a moment, so no moment says where a page ended.
        self._wanted += ENTRIES
        with errors_shown_in(self), self._workbench.reading() as session:
            self._entries = self._timeline(session, _circle(contacts.party_card(session, self._id)))
            self._set_days()

    def edit(self, key: Any, typed: Any, was: Any) -> None:
        """Change one fact. `was` is what the page showed: where somebody else changed it, both are told."""
        key = arrived.text(key)
        is_custom = any(one["key"] == key for one in self.custom)

        def change(session: Any) -> None:
            contacts.edit_party(
                session,
                self._id,
                {key: arrived.given(typed)},
                was={key: was},
                at=self._workbench.now(),
                # An own amount stays in the currency it is in.
                currency="" if is_custom else self._currency(session),
            )

        self._try(key, change)

    def find(self, key: Any, typed: Any) -> None:
        """Offer the parties that fit what is being typed into a custom field."""
        with errors_shown_in(self), self._workbench.reading() as session:
            self.options = self.options | {arrived.text(key): shown.found_parties(session, typed)}

    def edit_contact(self, point_id: Any, typed: Any, was: Any) -> None:
        """Change a contact point; an empty value removes it."""

        def change(session: Any) -> None:
            contacts.edit_contact_point(session, arrived.whole(point_id), arrived.text(typed, 1_000), was=was)

        self._try(f"contact-{arrived.whole(point_id)}", change)

    def add_contact(self, kind: Any, typed: Any) -> None:
        """Add a contact point."""

        def change(session: Any) -> None:
            contacts.add_contact_point(session, self._id, kind=arrived.text(kind), value=arrived.text(typed, 1_000))

        self._try("contact-new", change)

    def log(self, kind: Any, body: Any) -> None:
        """Keep a note, or that a call, a mail or a meeting took place just now."""

        def change(session: Any) -> None:
            activities.log_activity(
                session,
                arrived.text(kind),
                body=arrived.text(body, LONGEST_TEXT + 1),
                with_parties=[self._id],
                by=contacts.colleague_called(session, self._workbench.actor),
                at=self._workbench.now(),
            )

        self._try("log", change)

    def finish(self, activity_id: Any) -> None:
        """Mark an open activity as done."""
        with errors_shown_in(self), self._workbench.session() as session:
            done = activities.finish_activity(session, arrived.whole(activity_id), at=self._workbench.now())
            number = done.id
            self._tell(_("“{subject}” is done.").format(subject=done.subject), lambda: self._reopen(number))
        self.refresh()

    def take_back(self, number: Any) -> None:
        """Undo one change of the timeline, by its number in the journal. What was changed since stays, and is told."""
        try:
            done = self._workbench.history.undo_change(arrived.whole(number))
        except CrmError as refusal:
            self._tell(str(refusal))
            return
        if done.spared:
            self._tell(str(done.spared[0]))
        else:
            self._tell(_("The change is taken back."), lambda: self._bring_again(done.batch))
        self.refresh()

    def undo(self) -> None:
        """Take back what the toast tells of."""
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()
            self.refresh()

    def _reopen(self, activity_id: int) -> None:
        with errors_shown_in(self), self._workbench.session() as session:
            again = activities.reopen_activity(session, activity_id)
            self._tell(_("“{subject}” is open again.").format(subject=again.subject))

    def _bring_again(self, batch: str) -> None:
        with errors_shown_in(self):
            self._workbench.history.undo_batch(batch)
            self._tell(_("The change is back."))

    def _try(self, key: str, change: Any) -> None:
        self._n += 1
        text, is_conflict = "", False
        try:
            with self._workbench.session() as session:
                change(session)
        except InvalidInput as refusal:
            text = shown.refusal(refusal)
        except Conflict as refusal:
            text, is_conflict = str(refusal), True
        except CrmError as refusal:
            text = str(refusal)
        self.field_error = {"key": key, "text": text, "conflict": is_conflict, "number": self._n}
        # After a conflict too: the page shows theirs, and who saves again overwrites it knowingly.
        if not text or is_conflict:
            self.refresh()

    def _header(self, party: Party) -> dict[str, Any]:
        affiliation = primary_affiliation(party) if isinstance(party, Person) else None
        parent = party.parent if isinstance(party, Organization) else None
        role = (affiliation.role or party.job_title or "") if affiliation and isinstance(party, Person) else ""
        above = affiliation.organization if affiliation else parent
        since = next((event.at for event in party.lifecycle_events if event.lifecycle == "customer"), None)
        facts = []
        if since:
            facts.append(
                _("customer since {day}").format(day=format_date(self._workbench.settings.local(since).date()))
            )
        if party.owner:
            facts.append(_("owner {name}").format(name=party.owner.name))
        if isinstance(party, Person) and not affiliation and party.job_title:
            facts.insert(0, party.job_title)
        if isinstance(party, Organization) and party.sector:
            facts.insert(0, party.sector)
        return {
            "id": party.id,
            "name": party.name,
            "kind": party.kind.value,
            "avatar": shown.avatar(party.name, party.kind.value),
            "lifecycle": shown.lifecycle(party.lifecycle),
            "role": role,
            "above": above.name if above else "",
            "above_id": above.id if above else 0,
            "about": facts,
        }

    def _facts(self, party: Party) -> list[dict[str, Any]]:
        found = []
        for key, about in contacts.editable_fields(party).items():
            holder: Any = party.address if key in ("street", "postal_code", "city", "region", "country") else party
            value = getattr(holder, key, None)
            text, choices = as_json(value), dict(about.choices)
            if isinstance(value, Money):
                text, said = str(value.amount), format_money(value.amount, value.currency, whole=True)
            elif about.kind == "date" and value:
                said = format_date(value)
            elif about.kind == "country" and value:
                said = country_name(value)
            else:
                said = _(choices[text]) if text in choices else "" if value is None else str(text)
            found.append(
                shown.form_field(about, value="" if text is None else text, shown=said) | {"usual": key in USUAL}
            )
        return found

    def _money(self, session: Any) -> list[dict[str, Any]]:
        money = billing.party_money(session, self._id, by_currency=False)
        if not (money.n_orders or money.n_payments):
            return []
        left_out = ngettext(
            "{n} amount without a rate is left out", "{n} amounts without a rate are left out", money.n_unconverted
        ).format(n=money.n_unconverted)
        last = shown.day(money.last_order_on, self._workbench)
        found = []
        for name, label, hint in (
            ("ordered", _("Ordered"), _("{n}, last {day}").format(n=_orders(money.n_orders), day=last) if last else ""),
            ("paid", _("Paid"), left_out if money.n_unconverted else ""),
        ):
            total = money.in_reporting.get(name)
            found.append({"label": label, "text": shown.sums([total] if total else []), "hint": hint})
        return found

    def _deal(self, deal: dict[str, Any]) -> dict[str, Any]:
        day = deal["closed_on"] or deal["expected_close_on"]
        template = {"open": _("{stage}, closes {day}"), "won": _("{stage} {day}"), "lost": _("{stage} {day}")}
        status = deal["status"].value
        when = shown.day(day, self._workbench)
        return {
            "id": deal["deal_id"],
            "name": deal["deal"],
            "status": status,
            "amount": shown.amount(deal["amount"]),
            "line": template[status].format(stage=deal["stage"], day=when) if when else deal["stage"],
        }

    def _timeline(self, session: Any, people: list[int]) -> list[TimelineEntry]:
        what = self.sieve if self.sieve in ("event", "change") else ""
        kinds = [self.sieve] if self.sieve and not what else []
        found = activities.timeline(session, people, what=what, kinds=kinds, limit=self._wanted + 1)
        self.has_more = len(found) > self._wanted
        self._reasons = sales.lost_reason_labels(session)
        return found[: self._wanted]

    def _set_days(self) -> None:
        days: list[dict[str, Any]] = []
        today = self._workbench.today()
        now = self._workbench.now()
        ahead = sorted((one for one in self._entries if one.is_open and one.at > now), key=lambda one: one.at)
        behind = [one for one in self._entries if not (one.is_open and one.at > now)]
        for entry in [*ahead, *behind]:
            local = self._workbench.settings.local(entry.at)
            ahead_of_now = entry.is_open and entry.at > now
            title = _("Ahead") if ahead_of_now else _("Today") if local.date() == today else format_date(local.date())
            if not days or days[-1]["title"] != title:
                days.append({"title": title, "entries": []})
            days[-1]["entries"].append(self._entry(entry, local, ahead_of_now))
        self.days = days

    def _entry(self, entry: TimelineEntry, local: datetime, ahead: bool) -> dict[str, Any]:
        overdue = entry.is_open and not ahead
        icon = {"activity": shown.ACTIVITY_ICONS.get(entry.kind), "change": "mdi-pencil-outline"}.get(
            entry.what, shown.EVENT_ICONS.get(entry.kind)
        )
        money = ""
        if entry.facts.get("amount_minor") is not None and entry.facts.get("currency"):
            money = str(shown.amount(Money(entry.facts["amount_minor"], entry.facts["currency"])))
        reason = (
            self._reasons.get(entry.facts.get("reason"), entry.facts.get("reason")) if entry.kind == "DealLost" else ""
        )
        chip = entry.facts.get("outcome") or reason or money
        # Midnight to the microsecond is a day that somebody imported, not an hour that somebody knows.
        day_only = entry.at.astimezone(UTC).time() == time.min
        when = shown.day(local.date(), self._workbench) if ahead else "" if day_only else f"{local:%H:%M}"
        return {
            "key": f"{entry.what}-{entry.record}-{entry.record_id}-{entry.at.isoformat()}-{entry.kind}-{entry.title}",
            "icon": icon or "mdi-circle-small",
            "title": entry.title,
            "who": entry.who,
            "body": entry.body,
            "chip": chip,
            "time": when,
            "exact": shown.moment(entry.at, self._workbench)["exact"],
            "open_id": entry.record_id if entry.what == "activity" and entry.is_open else 0,
            "overdue": overdue,
            "won": entry.kind == "DealWon",
            "deal_id": entry.record_id if entry.record == "deal" else 0,
            "change": entry.number if entry.what == "change" else 0,
        }

    def _currency(self, session: Any) -> str:
        party = contacts.party_card(session, self._id)
        kept = getattr(party, "annual_revenue", None)
        return kept.currency if kept else self._workbench.settings.currency

    def _tell(self, text: str, undo: Callable[[], None] | None = None) -> None:
        self._n += 1
        self._undo = undo
        self.toast = {"number": self._n, "text": text, "undo": undo is not None}


def _circle(party: Party) -> list[int]:
    """Whose timeline the page shows: the party's own, and of an organization also its people's."""
    if isinstance(party, Organization):
        return [party.id, *(one.person_id for one in party.affiliations if one.to_on is None)]
    return [party.id]


def _orders(n: int) -> str:
    return ngettext("{n} order", "{n} orders", n).format(n=format_number(n))


def _point(point: Any) -> dict[str, Any]:
    phone = point.kind in (ContactKind.PHONE, ContactKind.MOBILE, ContactKind.WHATSAPP)
    link = {"email": f"mailto:{point.normalised}"}.get(point.kind.value, f"tel:{point.normalised}" if phone else "")
    return {
        "id": point.id,
        "key": f"contact-{point.id}",
        "icon": shown.CONTACT_ICONS[point.kind.value],
        "kind": _(point.kind.label),
        "value": point.value,
        "shown": shown_phone(point.normalised) if phone else point.value,
        "label": ", ".join(part for part in (_(point.kind.label), point.label) if part),
        "preferred": point.is_preferred,
        "link": link,
    }


def _related(party: Party) -> list[dict[str, Any]]:
    found: list[tuple[Party, str]] = []
    if isinstance(party, Organization):
        if party.parent:
            found.append((party.parent, _("Belongs to")))
        found += [(one, _("Subsidiary")) for one in party.subsidiaries]
        found += [(one.person, one.role or _("Works here")) for one in party.affiliations if one.to_on is None]
    elif isinstance(party, Person):
        found += [(one.organization, one.role or _("Works there")) for one in party.affiliations if one.to_on is None]
    return [
        {"id": other.id, "name": other.name, "avatar": shown.avatar(other.name, other.kind.value), "role": role}
        for other, role in found
    ]
