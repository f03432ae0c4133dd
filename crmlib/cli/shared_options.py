"""`--workspace`, `--database` and `--json`, understood before a command's name and after it.

Both are natural to type: `crm --workspace ~/crm serve`, `crm report run sales_review --json`. Every command gets the
three as options of its own, which its function need not declare: what is given lands in the one `Asked`.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from typer.models import OptionInfo

from crmlib.cli.asked import Asked

Workspace = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="DIR", help="The folder of the workbench (CRM_WORKSPACE, or ./workspace)."),
]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="Another database than the folder's own (CRM_DATABASE)."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_SHARED: dict[str, tuple[str, Any, Any]] = {
    "shared_workspace": ("--workspace", Workspace, None),
    "shared_database": ("--database", Database, None),
    "shared_json": ("--json", Json, False),
}


def understand_everywhere(app: typer.Typer, asked: Callable[[], Asked]) -> None:
    """Give the shared options to every command of `app`, and of the groups in it."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _with_shared(command.callback, asked)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            understand_everywhere(group.typer_instance, asked)


def take(asked: Asked, *, workspace: Path | None, database: str | None, as_json: bool) -> None:
    """Let what was given replace what was asked so far."""
    if workspace is not None:
        asked.workspace = workspace.expanduser().absolute()
    if database is not None:
        asked.database = database
    asked.json = asked.json or as_json
    asked.speak()


def _with_shared(command: Callable[..., Any], asked: Callable[[], Asked]) -> Callable[..., Any]:
    signature = inspect.signature(command)
    own = {word for hint in get_type_hints(command, include_extras=True).values() for word in _words(hint)}
    added = {name: spec for name, spec in _SHARED.items() if spec[0] not in own}

    @wraps(command)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in added}
        take(
            asked(),
            workspace=given.get("shared_workspace"),
            database=given.get("shared_database"),
            as_json=given.get("shared_json", False),
        )
        return command(*args, **kwargs)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, keyword, annotation=hint, default=default)
        for name, (_word, hint, default) in added.items()
    ]
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]  # Typer reads it
        parameters=[*signature.parameters.values(), *parameters]
    )
    call.__annotations__ = {**command.__annotations__, **{name: spec[1] for name, spec in added.items()}}
    return call


def _words(hint: Any) -> list[str]:
    """The words of an option, such as `--json`, in an annotation."""
    found: list[str] = []
    for about in getattr(hint, "__metadata__", ()):
        if isinstance(about, OptionInfo):
            found += [str(word) for word in (about.default, *(about.param_decls or ())) if word is not None]
    return found
