"""From tree to text: what `parse` reads back as the same tree."""

from crmlib.filters.tree import And, Condition, Everything, Not, Or, Tree
from crmlib.filters.values import written


def to_text(tree: Tree) -> str:
    """The filter as somebody would type it; empty for everything."""
    match tree:
        case Everything():
            return ""
        case Condition():
            return _condition(tree)
        case Not(part):
            return f"not {_inside(part, bare=isinstance(part, Not))}"
        case And(parts):
            return " and ".join(_inside(part, bare=not isinstance(part, Or | And)) for part in parts)
        case Or(parts):
            return " or ".join(_inside(part, bare=not isinstance(part, Or)) for part in parts)


def _inside(part: Tree, *, bare: bool) -> str:
    return to_text(part) if bare else f"({to_text(part)})"


def _condition(one: Condition) -> str:
    if one.op.startswith("is "):
        return f"{one.field} {one.op}"
    if one.op in ("in", "not in"):
        return f"{one.field} {one.op} ({', '.join(map(written, one.values))})"
    return f"{one.field} {one.op} {written(one.values[0])}"
