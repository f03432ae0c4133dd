"""What may be done with the addresses of a party, of which there may be several."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session

from crmlib.base import InvalidInput, find
from crmlib.contacts.editing import refuse_stale, write
from crmlib.contacts.records import Address, Party
from crmlib.i18n import gettext as _

__all__ = ["add_address", "edit_address", "prefer_address", "remove_address"]


def add_address(session: Session, party: Party | int, *, is_preferred: bool = False, **typed: Any) -> Address:
    """One more address of `party`; `typed` are fields of Address. The first one is the preferred one.

    Raises InvalidInput for a value that cannot be, or where nothing was typed.
    """
    party = find(session, Party, party)
    address = Address(is_preferred=False)
    write(address, typed, readers=_READERS)
    if not any(getattr(address, key) not in (None, "") for key in typed if key != "kind"):
        raise InvalidInput(_("Address"), "", _("this is needed"))
    first = not party.addresses
    party.addresses.append(address)
    if first:
        address.is_preferred = True
    elif is_preferred:
        prefer_address(session, address)
    return address


def edit_address(
    session: Session, address: Address | int, typed: Mapping[str, Any], *, was: Mapping[str, Any] | None = None
) -> Address:
    """Change fields of an address. Raises Conflict where one holds another value than `was`, what the editor saw."""
    address = find(session, Address, address)
    write(address, typed, was=was, readers=_READERS)
    return address


def prefer_address(session: Session, address: Address | int) -> Address:
    """Use this one from now on where one address is asked for."""
    address = find(session, Address, address)
    for other in address.party.addresses:
        if other is not address:
            other.is_preferred = False
    # One is preferred at most, at every moment: the old one steps down before the new one steps up.
    session.flush()
    address.is_preferred = True
    return address


def remove_address(session: Session, address: Address | int, *, was: Mapping[str, Any] | None = None) -> None:
    """Take an address away; where it was the preferred one, the oldest of the others is that now."""
    address = find(session, Address, address)
    refuse_stale(address, dict.fromkeys(was or {}), was)
    party, preferred = address.party, address.is_preferred
    party.addresses.remove(address)
    session.flush()
    if preferred and party.addresses:
        party.addresses[0].is_preferred = True


def _degrees(label: str, value: Any, most: int) -> float | None:
    if value is None or value == "":
        return None
    try:
        degrees = Decimal(str(value).strip())
    except InvalidOperation:
        degrees = Decimal("NaN")
    if not degrees.is_finite() or abs(degrees) > most:
        raise InvalidInput(label, value, _("write degrees from {low} to {high}").format(low=-most, high=most))
    return float(degrees)


_READERS = {
    "latitude": lambda value: _degrees(_("Latitude"), value, 90),
    "longitude": lambda value: _degrees(_("Longitude"), value, 180),
}
