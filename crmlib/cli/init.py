"""`crm init`: an empty workbench of one's own."""

from typing import Annotated

import typer

from crmlib.cli.asked import Asked, terminal_user
from crmlib.i18n import gettext as _


def init(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="What the business is called.")] = "My company",
    currency: Annotated[str, typer.Option(help="What figures are reported in (ISO 4217).")] = "EUR",
    locale: Annotated[str, typer.Option(help="Language and number format, such as en, id or ro.")] = "en",
    timezone: Annotated[str, typer.Option(help="Where days begin, such as Europe/Bucharest.")] = "UTC",
    country: Annotated[str, typer.Option(help="Where phone numbers without a country code are meant.")] = "",
) -> None:
    """Make an empty workbench with one sales pipeline."""
    from crmlib.sales import add_pipeline
    from crmlib.workbench import create_workbench

    asked: Asked = context.obj
    made = create_workbench(
        asked.workspace,
        database=asked.database,
        actor=terminal_user(),
        door="cli",
        name=name,
        currency=currency,
        locale=locale,
        timezone=timezone,
        country=country,
    )
    with made:
        with made.session() as session:
            add_pipeline(session, name=_("Sales"))
        says = _("{name} is ready in {folder}. `crm serve` opens its desk; `crm import` brings in what you have.")
        asked.tell(
            says.format(name=name, folder=asked.workspace), workspace=asked.workspace, name=name, currency=currency
        )


def add_to(app: typer.Typer) -> None:
    app.command("init", short_help="Make an empty workbench.")(init)
