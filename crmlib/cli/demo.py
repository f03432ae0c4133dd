"""`crm demo`: a company full of believable data."""

from typing import Annotated

import typer

from crmlib.cli.asked import Asked
from crmlib.i18n import format_number
from crmlib.i18n import gettext as _


def demo(
    context: typer.Context,
    seed: Annotated[int, typer.Option(help="The same seed on the same day makes the same company.")] = 7,
    scale: Annotated[float, typer.Option(min=0.02, max=20, help="How large: 1 is about 400 organizations.")] = 1.0,
) -> None:
    """Make the demo company: two years of customers, deals and everything that happened."""
    from crmlib.demo import make_demo

    asked: Asked = context.obj
    if not asked.json:
        typer.echo(_("Making two years of Halyard Instruments …"), err=True)
    made = make_demo(asked.workspace, database=asked.database, seed=seed, scale=scale)
    counts = {name: format_number(count) for name, count in made.items()}
    says = _(
        "Halyard Instruments is ready in {folder}: {organizations} organizations, {persons} persons, {deals} deals,"
        " {activities} activities."
    )
    asked.tell(says.format(folder=asked.workspace, **counts), workspace=asked.workspace, seed=seed, **made)


def add_to(app: typer.Typer) -> None:
    app.command("demo")(demo)
