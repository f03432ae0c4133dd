"""What may be done with the parts of a deal: people who decide, competitors, lines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, Money, Refused, fields_of, find
from crmlib.catalog import Product
from crmlib.contacts import Party
from crmlib.i18n import gettext as _
from crmlib.sales.actions.deal import edit_deal
from crmlib.sales.editing import conflict, read_edit, read_quantity
from crmlib.sales.records import Deal, DealCompetitor, DealContact, DealLine

__all__ = [
    "add_competitor",
    "add_deal_contact",
    "add_deal_line",
    "edit_competitor",
    "edit_deal_contact",
    "edit_deal_line",
    "price_by_lines",
    "remove_competitor",
    "remove_deal_contact",
    "remove_deal_line",
]


def add_deal_contact(
    session: Session, deal: Deal | int, party: Party | int, *, role: str | None = None, note: str | None = None
) -> DealContact:
    """Say who plays a part in buying; who is there already is not added twice. Raises Refused then."""
    deal, party = find(session, Deal, deal), find(session, Party, party)
    if any(one.party_id == party.id for one in deal.contacts):
        raise Refused(_("{name} is there already.").format(name=party.name))
    known = fields_of(DealContact)
    contact = DealContact(party=party, role=known["role"].read(role), note=known["note"].read(note))
    deal.contacts.append(contact)
    session.flush()
    return contact


def edit_deal_contact(
    session: Session, contact: DealContact | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> DealContact:
    """Change somebody's part in buying, or the note. Raises Conflict as every edit."""
    contact = find(session, DealContact, contact)
    for key, value in read_edit(session, contact, typed, was=was, known=fields_of(DealContact)).items():
        setattr(contact, key, value)
    return contact


def remove_deal_contact(session: Session, contact: DealContact | int) -> None:
    """Somebody plays no part in this deal any more."""
    contact = find(session, DealContact, contact)
    contact.deal.contacts.remove(contact)
    session.flush()


def add_competitor(
    session: Session, deal: Deal | int, *, name: str = "", party: Party | int | None = None, **facts: Any
) -> DealCompetitor:
    """Say who else bids: a `party` we know, or a name. `facts` are `strengths` and `weaknesses`. Raises Refused."""
    deal = find(session, Deal, deal)
    firm = None if party is None else find(session, Party, party)
    known = fields_of(DealCompetitor)
    called = known["name"].read(name or (firm.name if firm else ""))
    unknown = set(facts) - set(known)
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    if any(one.name.casefold() == called.casefold() for one in deal.competitors):
        raise Refused(_("{name} is there already.").format(name=called))
    read = {key: known[key].read(value) for key, value in facts.items()}
    competitor = DealCompetitor(name=called, party=firm, **read)
    deal.competitors.append(competitor)
    session.flush()
    return competitor


def edit_competitor(
    session: Session,
    competitor: DealCompetitor | int,
    typed: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
) -> DealCompetitor:
    """Change what is known of a competitor in this deal. Raises Conflict as every edit."""
    competitor = find(session, DealCompetitor, competitor)
    links = {"party_id": Party}
    values = read_edit(session, competitor, typed, was=was, known=fields_of(DealCompetitor), links=links)
    for key, value in values.items():
        setattr(competitor, key, value)
    return competitor


def remove_competitor(session: Session, competitor: DealCompetitor | int) -> None:
    """They do not bid any more."""
    competitor = find(session, DealCompetitor, competitor)
    competitor.deal.competitors.remove(competitor)
    session.flush()


def add_deal_line(
    session: Session,
    deal: Deal | int,
    product: Product | int,
    *,
    quantity: Any = 1,
    unit_price: Any = None,
    currency: str = "",
) -> DealLine:
    """Put a product into a deal, at its list price without another `unit_price`. The deal's amount stays as it is:
    `price_by_lines` takes it from the lines.

    All lines of a deal are in one currency: Refused otherwise. InvalidInput where there is no price to be had.
    """
    deal, product = find(session, Deal, deal), find(session, Product, product)
    if unit_price is None:
        if product.price is None:
            raise InvalidInput(_("Unit price"), "", _("this product has no list price; say one"))
        unit_price, currency = product.price.amount, product.price.currency
    elif isinstance(unit_price, Money):
        unit_price, currency = unit_price.amount, unit_price.currency
    code = Money.of(0, currency or deal.currency or "").currency
    if any(line.currency != code for line in deal.lines):
        raise Refused(_("The lines of a deal are in one currency."))
    line = DealLine(
        product=product,
        position=1 + max((one.position for one in deal.lines), default=-1),
        quantity=read_quantity(_("Quantity"), quantity, 3),
        unit_price=read_quantity(_("Unit price"), unit_price, 4),
        currency=code,
    )
    deal.lines.append(line)
    session.flush()
    return line


def edit_deal_line(
    session: Session, line: DealLine | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> DealLine:
    """Change a line's `quantity` or `unit_price`. Raises Conflict as every edit."""
    line = find(session, DealLine, line)
    digits = {"quantity": 3, "unit_price": 4}
    names = {"quantity": _("Quantity"), "unit_price": _("Unit price")}
    unknown = set(typed) - set(digits)
    if unknown:
        raise InvalidInput(_("Field"), ", ".join(sorted(unknown)), _("no such field here"))
    read = {key: read_quantity(names[key], value, digits[key]) for key, value in typed.items()}
    seen = {key: read_quantity(names[key], value, digits[key]) for key, value in (was or {}).items() if key in typed}
    newer = {key: getattr(line, key) for key in seen if getattr(line, key) != seen[key]}
    if newer:
        raise conflict({key: typed[key] for key in newer}, {key: str(value) for key, value in newer.items()})
    for key, value in read.items():
        setattr(line, key, value)
    return line


def remove_deal_line(session: Session, line: DealLine | int) -> None:
    """Take a product out of a deal."""
    line = find(session, DealLine, line)
    line.deal.lines.remove(line)
    session.flush()


def price_by_lines(session: Session, deal: Deal | int, *, at: datetime) -> Deal:
    """Let a deal be worth what its lines add up to. Raises Refused where it has none."""
    deal = find(session, Deal, deal)
    if not deal.lines:
        raise Refused(_("“{deal}” has no lines yet.").format(deal=deal.name))
    total = Money(0, deal.lines[0].currency)
    for line in deal.lines:
        total += line.amount
    return edit_deal(session, deal, {"amount": total}, at=at, why=_("Sum of the lines"))
