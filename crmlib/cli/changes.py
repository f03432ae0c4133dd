"""`crm changes` and `crm undo`: what was done, and taking it back."""

from typing import Annotated, Any

import typer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.base import CHANGES, InvalidInput, JournalEntry, NotFound, Undone, changes_since, history_of
from crmlib.base.history import undo_batch, undo_change
from crmlib.base.history.frames import class_called, moment_of
from crmlib.base.history.saying import title_of, when, word_for
from crmlib.base.history.telling import sentence_of
from crmlib.base.journal import record_name
from crmlib.cli.asked import Asked
from crmlib.cli.undoing import take_back
from crmlib.i18n import format_number, ngettext
from crmlib.i18n import gettext as _

_SINCE = "After this number of the journal, or from this day on (2026-05-01)."
_CHANGES = "Such as: crm changes --since 2026-05-01 --record party:12"
_UNDO = "Such as: crm undo 4711 --dry-run. Or an import as a whole: crm import undo 3"
_DRY = "Only tell what would be taken back, and what not."
_RECORD = "Only one record, such as party:12, or one kind of them, such as deal."


def changes(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="NUMBER|DAY", help=_SINCE)] = "",
    record: Annotated[str, typer.Option("--record", metavar="KIND[:NUMBER]", help=_RECORD)] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Only what this one did.")] = "",
    batch: Annotated[str, typer.Option("--batch", metavar="NAME", help="Only this batch, such as an import.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 100,
) -> None:
    """Tell what was changed, by whom and when: the newest of it, or what came after --since.

    The number before each is what `crm undo` takes.
    """
    asked: Asked = context.obj
    with asked.open() as workbench, workbench.reading() as session:
        kind, number = read_record(record)
        asking: dict[str, Any] = {"record": kind, "record_id": number, "actor": by or None, "batch": batch or None}
        if kind is not None and number is not None and not since and not by and not batch:
            # All of it, the range it came with included.
            entries = history_of(session, kind, number, limit=limit)[::-1]
        elif since:
            start = int(since) if since.isascii() and since.isdecimal() else moment_of(session, since)
            entries = changes_since(session, start, limit=limit, **asking)
        else:
            entries = changes_since(session, 0, limit=limit, newest=True, **asking)
        if asked.json:
            asked.tell("", changes=[_as_dict(session, entry) for entry in entries])
        elif not entries:
            asked.tell(_("Nothing was changed."))
        else:
            asked.tell("\n".join(_line(session, entry) for entry in entries))


def undo(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="NUMBER", help="A change, as `crm changes` numbers it.")
    ] = None,
    batch: Annotated[str, typer.Option("--batch", metavar="NAME", help="All of a batch, such as an import.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_DRY)] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
) -> None:
    """Take back one change, or a whole batch. What people changed since stays, and is told before you agree.

    An undo is a batch too: undo that, and everything is back.
    """
    if (number is None) == (not batch):
        raise typer.BadParameter("name one change by its number, or a batch with --batch.", param_hint="NUMBER")
    asked: Asked = context.obj
    with asked.open() as workbench:
        with workbench.reading() as session:
            about = _about_batch(session, batch) if number is None else _about_change(session, number)

        def work(session: Session) -> Undone:
            if number is None:
                return undo_batch(session, batch, at=workbench.now())
            return undo_change(session, number, at=workbench.now())

        take_back(asked, workbench, work, about, yes=yes, dry_run=dry_run)


def read_record(text: str) -> tuple[str | None, int | None]:
    """A record as it is typed: `party:12`, or `deal` for all of a kind. Raises InvalidInput."""
    if not text:
        return None, None
    word, colon, number = text.strip().partition(":")
    kind = record_name(class_called(word.strip().lower().replace(" ", "_")))
    if colon and not (number.isascii() and number.isdecimal()):
        raise InvalidInput(_("Record"), text, _("write it like party:12"))
    return kind, int(number) if colon else None


def _about_change(session: Session, number: int) -> str:
    entry = next(iter(changes_since(session, number - 1, limit=1)), None) if 0 < number < 2**63 else None
    if entry is None or entry.number != number:
        raise NotFound(_("change"), number)
    return _line(session, entry)


def _about_batch(session: Session, batch: str) -> str:
    rows = (
        select(
            JournalEntry.kind,
            JournalEntry.record,
            func.count(),
            func.min(JournalEntry.at),
            func.max(JournalEntry.actor),
        )
        .where(JournalEntry.batch == batch, JournalEntry.kind.in_(CHANGES))
        .group_by(JournalEntry.kind, JournalEntry.record)
        .order_by(JournalEntry.record, JournalEntry.kind)
    )
    found = session.execute(rows).all()
    if not found:
        raise NotFound(_("batch"), batch)
    wide = select(JournalEntry.record, JournalEntry.record_id, JournalEntry.after).where(
        JournalEntry.batch == batch, JournalEntry.kind == "inserts"
    )
    many: dict[str, int] = {}
    for record, first, after in session.execute(wide):
        many[record] = many.get(record, 0) + after["through"] - first + 1
    says = _("{batch}, by {who}, {day}:")
    lines = [
        says.format(batch=batch, who=found[0][4] or _("Somebody"), day=when(session, min(row[3] for row in found)))
    ]
    for kind, record, count, *_rest in found:
        n = many[record] if kind == "inserts" else count
        lines.append(f"  {word_for(record)}: {_words(kind, n).format(n=format_number(n))}")
    return "\n".join(lines)


def _words(kind: str, n: int) -> str:
    if kind in ("insert", "inserts"):
        return ngettext("{n} added", "{n} added", n)
    if kind == "update":
        return ngettext("{n} change", "{n} changes", n)
    return ngettext("{n} deleted", "{n} deleted", n)


def _line(session: Session, entry: JournalEntry) -> str:
    who = entry.actor or _("Somebody")
    return f"{entry.number:>7}  {when(session, entry.at)}  {who}  {sentence_of(session, entry)}"


def _as_dict(session: Session, entry: JournalEntry) -> dict[str, Any]:
    keys = ("number", "at", "happened_at", "actor", "door", "batch", "kind", "record", "record_id", "party_id")
    row = {key: getattr(entry, key) for key in keys}
    moments = {key: row[key].isoformat() for key in ("at", "happened_at")}
    before = {} if entry.kind == "deletes" else entry.before
    called = title_of(session, entry.record, entry.record_id)
    return {
        **row,
        **moments,
        "title": called,
        "says": sentence_of(session, entry),
        "before": before,
        "after": entry.after,
    }


def add_to(app: typer.Typer) -> None:
    app.command("changes", short_help="Tell what was changed, by whom and when.", epilog=_CHANGES)(changes)
    app.command("undo", short_help="Take back one change, or a whole batch.", epilog=_UNDO)(undo)
