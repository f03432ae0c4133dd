"""What can go wrong, by what the caller can do about it.

    CrmError                    crmlib can name what is wrong: a page shows its text, the command line exits 1
    ├── NotFound                no such record, or this actor may not know of it
    ├── Refused                 understood, and the answer is no
    │   ├── PermissionDenied    the actor lacks the permission
    │   ├── InvalidTransition   the record's state does not allow the step
    │   └── Conflict            someone else changed the record first
    ├── InvalidInput            also a ValueError; says the field, the value and what would be valid
    └── Unavailable             a mail server, a file share: the same call may work later
        └── Busy                two changes got in each other's way: the same call, now, will very likely work

Messages are sentences that a salesperson can act on. Any other exception is a bug of ours.
"""

from collections.abc import Mapping
from typing import Any

from crmlib.i18n import gettext as _


class CrmError(Exception):
    """crmlib can say what is wrong; `str()` of it is a sentence for people."""


class NotFound(CrmError):
    """There is no such record."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(_("There is no {what} {key}.").format(what=what, key=key))
        self.what, self.key = what, key


class Refused(CrmError):
    """The request was understood, and the answer is no."""


class PermissionDenied(Refused):
    """The actor lacks the permission."""


class InvalidTransition(Refused):
    """The state of the record does not allow this step."""


class Conflict(Refused):
    """Someone else changed the record first; `mine` and `theirs` hold both versions of what differs."""

    def __init__(
        self, message: str, *, mine: Mapping[str, Any] | None = None, theirs: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.mine, self.theirs = dict(mine or {}), dict(theirs or {})


class InvalidInput(CrmError, ValueError):
    """A value that cannot be: `field` it was given for, `value` as it came, `expected` in words."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(expected)
        self.field, self.value, self.expected = field, value, expected

    def __str__(self) -> str:
        says = _("{field}: {expected}") if self.value in (None, "") else _("{field}, “{value}”: {expected}")
        return says.format(field=self.field, value=self.value, expected=self.expected)


class Unavailable(CrmError):
    """Something outside did not answer; the same call may work later."""


class Busy(Unavailable):
    """The database undid this transaction because of another one at the same moment; do it again."""
