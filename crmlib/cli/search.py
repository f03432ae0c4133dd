"""`crm search`: what fits a text, over everything that is kept."""

from dataclasses import asdict
from typing import Annotated

import typer

from crmlib.base.errors import InvalidInput
from crmlib.cli.asked import Asked
from crmlib.i18n import format_date, format_money, ngettext
from crmlib.i18n import gettext as _


def search(
    context: typer.Context,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Words of a name, an e-mail, a phone number …")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this kind: party, deal, activity, product, order.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many of each kind.")] = 8,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="First build the index anew from the records.")] = False,
) -> None:
    """Find customers, deals, activities, products and orders by any part of them.

    Accents, capitals and a slip of the fingers do not matter: `crm search stefanescu`, `crm search 0721234567`.
    """
    from crmlib.search import all_kinds, reindex
    from crmlib.search import search as find

    asked: Asked = context.obj
    if rebuild:
        with asked.open() as workbench, workbench.session() as session:
            n = reindex(session)
        says = ngettext("The index is built anew: {n} record", "The index is built anew: {n} records", n).format(n=n)
        if not text:
            asked.tell(says, n_records=n)
            return
    if not text:
        raise InvalidInput(_("Text"), "", _("say what to look for, such as: crm search ana"))
    with asked.open() as workbench, workbench.reading() as session:
        groups = find(session, " ".join(text), kinds=kind, limit=limit)
        lines: list[str] = []
        for record, hits in groups.items():
            lines += ["", _(all_kinds()[record].label)] if lines else [_(all_kinds()[record].label)]
            width = min(40, max(len(hit.title) for hit in hits))
            for hit in hits:
                said = [hit.organization]
                said.append(format_money(hit.amount.amount, hit.amount.currency) if hit.amount else None)
                said.append(format_date(hit.on, today=workbench.today()) if hit.on else None)
                said.append(hit.matched if hit.part not in ("name", "organization", "body") else None)
                about = ", ".join(one for one in said if one)
                lines.append(f"  {hit.record_id:>7}  {hit.title:{width}}  {about}".rstrip())
        count = sum(map(len, groups.values()))
        lines = lines or [_("Nothing here fits “{text}”.").format(text=" ".join(text))]
        found = [
            asdict(hit) | {"amount": hit.amount and {"amount": str(hit.amount.amount), "currency": hit.amount.currency}}
            for hits in groups.values()
            for hit in hits
        ]
        if count:
            lines += ["", ngettext("{n} found", "{n} found", count).format(n=count)]
        asked.tell("\n".join(lines), found=found)


def add_to(app: typer.Typer) -> None:
    app.command("search", short_help="Find customers, deals, orders and more.")(search)
