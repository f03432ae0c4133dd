"""Run by Alembic: take the connection that `crmlib.base.migrations` hands over, inside its transaction."""

from typing import Literal

from alembic import context
from alembic.runtime.migration import MigrationContext

attributes = context.config.attributes


def _render(kind: str, item: object, _autogen: object) -> Literal[False] | str:
    # Steps stand on their own: they import no types of ours, which may move.
    if kind == "type":
        name = type(item).__name__
        if name == "Utc":
            return "sa.DateTime(timezone=True)"
        if name == "Scaled":
            return "sa.BigInteger()"
        if name == "DecimalText":
            return "sa.String()"
        if name == "Enum":
            return "sa.String(length=32)"
    return False


context.configure(
    connection=attributes["connection"],
    target_metadata=attributes.get("metadata"),
    render_item=_render,
    transactional_ddl=True,
)
assert isinstance(context.get_context(), MigrationContext)
context.run_migrations()
