"""The shape of the database and how it came to be: one file in `versions/` per step, run by Alembic.

A workbench that is older than the code is brought up to date when it is opened, in one transaction.
"""

import warnings
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from crmlib.base.engine import told
from crmlib.base.errors import Refused
from crmlib.i18n import gettext as _

FOLDER = Path(__file__).parent


def newest() -> str:
    """The number of the newest step; its file's name begins with it."""
    return max(path.name.split("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def current(engine: Engine) -> str | None:
    """The step the database is at; None for an empty one. Raises Unavailable where it does not answer."""
    with told(), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        number: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return number


def bring_up_to_date(engine: Engine) -> None:
    """Run the steps that the database lacks. Raises Refused where it is newer than this code."""
    at = current(engine)
    if at == newest():
        return
    if at is not None and at > newest():
        raise Refused(
            _("A newer CRM Workbench made this database (step {theirs}, this one knows {ours}). Update it.")
            .format(theirs=at, ours=newest())
        )  # fmt: skip
    upgrade(engine)


def upgrade(engine: Engine) -> None:
    """Run every step the database lacks, all of them or none."""
    from alembic import command

    with told(), engine.execution_options(crm_write=True).begin() as connection:
        command.upgrade(_config(connection), "head")


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    """What the records say and the database does not have, or the other way round: nothing, if all is well."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        # Indexes on expressions are the database's affair: the steps make those of lists, a workbench those of the
        # custom fields it filters by.
        return not (kind == "index" and (name or "").startswith(("ix_list_", "ix_custom_")))

    context = MigrationContext.configure(connection, opts={"compare_type": False, "include_name": ours})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Skipped unsupported reflection of expression-based index")
        return list(compare_metadata(context, metadata))


def write_step(engine: Engine, metadata: MetaData, number: str, message: str) -> Path:
    """For developers: a new file in `versions/` that brings the database to what the records say now."""
    from alembic import command

    with engine.execution_options(crm_write=True).begin() as connection:
        config = _config(connection)
        config.attributes["metadata"] = metadata
        script = command.revision(config, message=message, autogenerate=True, rev_id=number)
    return Path(script.path)  # type: ignore[union-attr]  # one revision, one script


def _config(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config
