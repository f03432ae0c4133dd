"""CRM Workbench: a business's customer records, and the numbers that can be trusted about them.

from crmlib import open_workbench

wb = open_workbench()
wb.sales.open_deals()
"""

from typing import TYPE_CHECKING, Any

from crmlib.base.errors import (
    Conflict,
    CrmError,
    InvalidInput,
    InvalidTransition,
    NotFound,
    PermissionDenied,
    Refused,
    Unavailable,
)

if TYPE_CHECKING:
    from crmlib.workbench import Settings, Workbench, create_workbench, open_workbench

__version__ = "0.1.0"

_LATER = ("Settings", "Workbench", "create_workbench", "open_workbench")

__all__ = [
    "Conflict",
    "CrmError",
    "InvalidInput",
    "InvalidTransition",
    "NotFound",
    "PermissionDenied",
    "Refused",
    "Settings",
    "Unavailable",
    "Workbench",
    "__version__",
    "create_workbench",
    "open_workbench",
]


def __getattr__(name: str) -> Any:
    # The records and the database are loaded on first use: whoever only asks for the version does not pay for them.
    if name in _LATER:
        from crmlib import workbench

        return getattr(workbench, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
