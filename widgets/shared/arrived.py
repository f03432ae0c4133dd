"""What arrives from a browser, made into what a model can take: anyone at a page can send anything."""

from typing import Any

# JavaScript's largest exact whole number; no row has a larger one.
MOST = 2**53
LONGEST = 200


def whole(value: Any, otherwise: int = 0) -> int:
    """`value` as a whole number from 0, written or not; `otherwise` for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 16:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else otherwise


def text(value: Any, longest: int = LONGEST) -> str:
    """`value` as text that every database keeps, cut at `longest`; nothing for what is no text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)[:longest].encode("utf-8", "ignore").decode().replace("\x00", "") if _short(value) else ""


def typed(value: Any) -> Any:
    """What was typed into a field, whole: a text or a number. A list, an object or half a character is nothing."""
    if isinstance(value, str):
        return value.encode("utf-8", "ignore").decode()
    return value if isinstance(value, int | float) and not isinstance(value, bool) and _short(value) else None


def given(value: Any) -> Any:
    """What was chosen or typed into a field: as `typed` has it, and of several choices the texts, as a list."""
    return [text(one) for one in value[:1_000]] if isinstance(value, list) else typed(value)


def mapping(value: Any) -> dict[str, Any]:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _short(value: object) -> bool:
    # Python refuses to write out a number of more than some thousand digits.
    return not isinstance(value, int) or abs(value) <= MOST
