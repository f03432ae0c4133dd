"""The shape of the database and how it came to be: one file in `versions/` per step, run by Alembic.

A workbench that is older than the code is brought up to date when it is opened, in one transaction.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from crmlib.base.engine import told
from crmlib.base.errors import Refused, Unavailable
from crmlib.base.indexes import look_at_values
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
    if at is not None:
        # The database chooses its ways by what it knows, and of what the steps made it knows nothing yet.
        with told(), engine.execution_options(crm_write=True).begin() as connection:
            look_at_values(connection)


def upgrade(engine: Engine) -> None:
    """Run every step the database lacks, all of them or none."""
    from alembic import command

    writing = engine.execution_options(crm_write=True)
    with told(), writing.connect() as connection, _tables_may_be_made_anew(connection), connection.begin():
        _needs_trigrams(connection)
        command.upgrade(_config(connection), "head")
        if connection.dialect.name == "sqlite":
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            assert not lost, f"rows point to nothing after the steps: {lost[:3]}"


@contextmanager
def _tables_may_be_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew; meanwhile, what points to it points to nothing, and is not checked."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # Outside of any transaction, where alone it is heard.
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    """What the records say and the database does not have, or the other way round: nothing, if all is well."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"compare_type": False, "include_name": _is_ours})
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


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Is this described by a record?

    What only one of the databases needs for its search index is not, and indexes on expressions are the database's
    affair: the steps make those of lists, a workbench those of the custom fields it filters by.
    """
    made_otherwise = {
        "table": ("search_fts",),
        "index": ("search_fts", "ix_search_entry_text", "ix_list_", "ix_custom_"),
    }
    return not (name or "").startswith(made_otherwise.get(kind, ("\0",)))


def _needs_trigrams(connection: Connection) -> None:
    """Raise Unavailable where PostgreSQL cannot have what the search stands on."""
    if connection.dialect.name != "postgresql":
        return
    if connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'")):
        return
    if not connection.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")):
        raise Unavailable(
            _(
                "PostgreSQL lacks its extension pg_trgm, which the search needs. "
                "Install it, on Debian with: apt-get install postgresql-contrib"
            )
        )  # fmt: skip
    if not connection.scalar(text("SELECT has_database_privilege(current_database(), 'CREATE')")):
        raise Unavailable(
            _(
                "The search needs PostgreSQL's extension pg_trgm. "
                "Let an administrator run once in this database: CREATE EXTENSION pg_trgm"
            )
        )  # fmt: skip


def _config(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config
