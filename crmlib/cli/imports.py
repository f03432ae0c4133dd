"""`crm import`: files of other systems in; what came in listed, shown, and taken back."""

import shlex
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from crmlib.base.errors import CrmError, Refused
from crmlib.cli.asked import Asked, terminal_user
from crmlib.cli.exports import KEPT_SETTINGS
from crmlib.i18n import format_number, ngettext
from crmlib.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crmlib.exchange import ColumnMapping, Import, ImportReport, Mapping, Table
    from crmlib.exchange.progress import Step
    from crmlib.workbench import Workbench

# What an import of files is called inside; nobody has to type it.
_FILES = "files"
#: What may become of a row that looks like somebody who is here, as `crmlib.exchange` has them.
POLICIES = ("ask", "update", "skip", "new")


class _FilesOrCommand(TyperGroup):
    """`crm import a.csv b.csv` imports files; `crm import list` is a command. A file named so is `./list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = next((one for one in args if one != "--json"), "")
        if first not in self.commands or first == _FILES:
            args = [_FILES, *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command `files` goes by the name of its group: nobody has to type it, and no help shows it."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == _FILES else name), command, rest


class _NamelessContext(typer.Context):
    """Where the nameless command was called: errors speak of `crm import`, without a blank behind it."""

    @property
    def command_path(self) -> str:
        return super().command_path.strip()


class _Nameless(TyperCommand):
    """The command that nobody has to type, and whose usage reads as if it were the group's."""

    context_class = _NamelessContext

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.command_path.strip(), _("[OPTIONS] FILES..."))


app = typer.Typer(cls=_FilesOrCommand, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})

_MORE = (
    "Begin with `crm import contacts.csv`: it shows what it would do, and asks. "
    "Afterwards: `crm import list` shows what came in, `crm import show 3` one import, `crm import undo 3` takes it "
    "back, `crm import mappings` the mappings that were saved, `crm import match` says which record a name means."
)


_Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The import's number, as `crm import list` shows it.")]
_WHAT = "organization or person (by name), or party (by e-mail or phone)."
_RECORD = "The number of the record that is meant; 0 for a new one."
_DRY = "Only tell what would be taken back, and what not."
_MAP = (
    "Say what a column means, once for each: --map 'Name=person.given_name', --map 'Firm=organization.ref name', "
    "--map 'Hobby=custom.hobby new text' (a new field of your own), --map 'Old=ignore'."
)


@app.command(_FILES, cls=_Nameless, epilog=_MORE)
def import_(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES", help="CSV, Excel, JSON or vCard files, plain or .gz, in any order."),
    ],
    preset: Annotated[
        str, typer.Option(help="A data set that is known by name: maven_crm, online_retail, cdnow, x_education.")
    ] = "",
    mapping: Annotated[str, typer.Option(metavar="NAME", help="Read the columns as in a mapping saved before.")] = "",
    save_mapping: Annotated[str, typer.Option(metavar="NAME", help="Save what the columns mean, for next time.")] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help=_MAP),
    ] = None,
    same: Annotated[
        str,
        typer.Option(
            metavar="|".join(POLICIES),
            help="Who looks like somebody you have (same e-mail or phone): ask, update, skip or new.",
        ),
    ] = "ask",
    system: Annotated[str, typer.Option(help="What to call the system they come from.")] = "",
    currency: Annotated[str, typer.Option(help="The currency of amounts that name none, such as EUR.")] = "",
    new_fields: Annotated[
        bool, typer.Option("--new-fields", help="Make a field of your own of each column that means nothing here.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Read files that were imported before all the same.")] = False,
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where rows that cannot be used go, with the reason.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
) -> None:
    """Import files of other systems: all of it, or nothing.

    What the columns mean is guessed and shown, with what the import would do; nothing is written before you agree.
    The same files again change nothing; newer ones change only what changed. An export of everything (`crm export
    everything FILE`) is read into an empty workbench, which is made if there is none yet.
    """
    asked: Asked = context.obj
    if same not in POLICIES:
        raise typer.BadParameter(_("choose one of: {names}").format(names=", ".join(POLICIES)), param_hint="--same")
    _no_slip(files)
    if len(files) == 1 and files[0].suffix == ".zip" and _everything(asked, files[0]):
        return
    with asked.open() as workbench:
        kept = refused or workbench.settings.workspace / "refused" / f"{_stem(files[0])} {workbench.today()}.csv"
        kept.parent.mkdir(parents=True, exist_ok=True)
        from crmlib.exchange.presets import preset_of

        preset = preset or ("" if mapping or map_ else preset_of(files))
        if preset:
            run = _by_preset(workbench, preset, files, again=again)
        else:
            tables = _understood(workbench, files, mapping, map_ or [], asked, new_fields=new_fields)
            run = _by_mapping(workbench, tables, same=same, system=system, currency=currency, again=again)
            if not (dry_run or yes or asked.json) and not _agreed(asked, workbench, run):
                return
            if save_mapping and not dry_run:
                from crmlib.exchange import save_mapping as save

                with workbench.session() as session:
                    save(session, save_mapping, [one for _table, one in tables], options={"same": same})
        _tell(asked, run(dry_run, kept, _shown_progress(asked)), preview=dry_run)


def _no_slip(files: list[Path]) -> None:
    """A command that was misspelt is no file that is missing."""
    if len(files) == 1 and not files[0].exists():
        near = get_close_matches(str(files[0]), ("list", "show", "undo", "mappings", "match"), n=1, cutoff=0.7)
        if near:
            says = _("There is no file {file}. Did you mean: crm import {command}")
            raise CrmError(says.format(file=files[0], command=near[0]))


@app.command("list")
def list_(context: typer.Context) -> None:
    """The imports that changed something, newest first."""
    from sqlalchemy import select

    from crmlib.base.history.saying import when
    from crmlib.exchange import Counts, Import, imports, words_of

    asked: Asked = context.obj
    with asked.open() as workbench, workbench.reading() as session:
        lines = []
        for one in session.scalars(select(Import).order_by(Import.id.desc())):
            totals = {word: sum(kind.get(word, 0) for kind in one.counts.values()) for word in vars(Counts())}
            told = [when(session, one.at), one.system, one.actor, ", ".join(words_of(Counts(**totals)))]
            told += [_("taken back")] if one.undone_at is not None else []
            lines.append(f"{one.id:>5}  " + "  ".join(filter(None, told)))
        rows = imports(session).to_dict("records")
        asked.tell("\n".join(lines or [_("Nothing was imported yet.")]), imports=rows)


@app.command()
def show(
    context: typer.Context,
    number: _Number,
) -> None:
    """What one import brought, doubted and refused."""
    from crmlib.base import find
    from crmlib.exchange import Import

    asked: Asked = context.obj
    with asked.open() as workbench, workbench.reading() as session:
        done = find(session, Import, number)
        lines = [*_about(session, done), *done.remarks]
        asked.tell("\n".join(lines), import_id=number, counts=done.counts, files=done.files, remarks=done.remarks)


@app.command()
def undo(
    context: typer.Context,
    number: _Number,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_DRY)] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
) -> None:
    """Take an import back as a whole; what people edited since stays, and is told before you agree."""
    from crmlib.base import find
    from crmlib.cli.undoing import take_back
    from crmlib.exchange import Import, undo_import

    asked: Asked = context.obj
    with asked.open() as workbench:
        with workbench.reading() as session:
            about = "\n".join(_about(session, find(session, Import, number)))
        take_back(
            asked,
            workbench,
            lambda session: undo_import(session, number, at=workbench.now()),
            about,
            yes=yes,
            dry_run=dry_run,
            import_id=number,
        )


@app.command()
def mappings(context: typer.Context) -> None:
    """The mappings that were saved."""
    from sqlalchemy import select

    from crmlib.exchange import ImportMapping

    asked: Asked = context.obj
    with asked.open() as workbench, workbench.reading() as session:
        found = session.scalars(select(ImportMapping).order_by(ImportMapping.name)).all()
        lines = [f"{one.name}  ({', '.join(one.columns)})" for one in found] or [_("No mapping was saved yet.")]
        asked.tell("\n".join(lines), mappings=[{"name": one.name, "kinds": list(one.columns)} for one in found])


@app.command()
def match(
    context: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system whose files say it, such as hubspot.")],
    what: Annotated[str, typer.Argument(metavar="WHAT", help=_WHAT)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name or e-mail as it stands in the file.")],
    record: Annotated[int, typer.Argument(metavar="NUMBER", min=0, help=_RECORD)],
) -> None:
    """Say which record a name in the files means; later imports hold to it.

    Such as: crm import match hubspot organization "Ini-Tech" 12
    """
    from crmlib.exchange import confirm_match

    asked: Asked = context.obj
    with asked.open() as workbench:
        with workbench.session() as session:
            confirm_match(session, system, what, name, record or None, at=workbench.now())
        asked.tell(_("Remembered. Import the files again."), system=system, what=what, name=name, record_id=record)


def _everything(asked: Asked, file: Path) -> bool:
    """Read an export of everything, and say that it was one."""
    from crmlib.exchange import import_everything, is_everything, read_manifest
    from crmlib.workbench import create_workbench

    if not is_everything(file):
        return False
    if not (asked.workspace / "workbench.toml").exists():
        settings = {key: str(value) for key, value in read_manifest(file).get("settings", {}).items()}
        known: dict[str, Any] = {key: value for key, value in settings.items() if key in KEPT_SETTINGS}
        create_workbench(asked.workspace, database=asked.database, actor=terminal_user(), door="cli", **known).close()
    with asked.open() as workbench:
        with workbench.session() as session:
            counts = import_everything(session, file)
        n_rows = sum(counts.values())
        says = ngettext("Everything is here again: {n} row.", "Everything is here again: {n} rows.", n_rows)
        asked.tell(says.format(n=format_number(n_rows)), tables=counts)
    return True


def _about(session: "Session", done: "Import") -> list[str]:
    """What an import was: when, from where, by whom, its files, and how many of each kind it brought."""
    from crmlib.base.history.saying import when
    from crmlib.exchange import Counts, words_of

    lines = [f"{when(session, done.at)}  {done.system}  {done.actor}"]
    if done.undone_at is not None:
        lines.append(_("Taken back on {day}.").format(day=when(session, done.undone_at)))
    for name, about in done.files.items():
        n_rows = about.get("rows", 0)
        says = ngettext("{file}: {n} row", "{file}: {n} rows", n_rows)
        lines.append("  " + says.format(file=name, n=format_number(n_rows)))
    return lines + [f"  {kind}  {', '.join(words_of(Counts(**counts)))}" for kind, counts in done.counts.items()]


_Run = Callable[[bool, Path | None, "Callable[[Step], None] | None"], "ImportReport"]


def _agreed(asked: Asked, workbench: "Workbench", run: _Run) -> bool:
    """Show what an import would do, ask about its proposals, and whether to do it."""
    from crmlib.cli.deciding import ask_at_terminal, decide

    report, skipped = run(True, None, None), set[tuple[str, str]]()
    _tell(asked, report, preview=True, offers=not sys.stdin.isatty())
    if report.known_files and not report.counts:
        return False
    if not sys.stdin.isatty():
        raise Refused(_("Nothing was imported: say --yes to import without being asked."))
    while decide(workbench, report, ask_at_terminal, skipped):
        report = run(True, None, None)
        _tell(asked, report, preview=False, offers=False)
    if not typer.confirm(_("Import?"), default=False):
        asked.tell(_("Nothing was imported."))
        return False
    return True


def _by_preset(workbench: "Workbench", preset: str, files: list[Path], *, again: bool) -> _Run:
    from crmlib.exchange import import_files

    def run(dry_run: bool, refused: Path | None, progress: "Callable[[Step], None] | None") -> "ImportReport":
        with workbench.session() as session:
            return import_files(
                session,
                preset,
                files,
                at=workbench.now(),
                dry_run=dry_run,
                refused=refused,
                progress=progress,
                again=again,
            )

    return run


def _by_mapping(workbench: "Workbench", tables: "list[tuple[Table, Mapping]]", *, again: bool, **options: str) -> _Run:
    from crmlib.exchange import import_table

    def run(dry_run: bool, refused: Path | None, progress: "Callable[[Step], None] | None") -> "ImportReport":
        with workbench.session() as session:
            return import_table(
                session,
                tables,
                at=workbench.now(),
                policy=options["same"],
                system=options["system"],
                currency=options["currency"],
                dry_run=dry_run,
                refused=refused,
                progress=progress,
                again=again,
            )

    return run


def _understood(
    workbench: "Workbench", files: list[Path], name: str, told: list[str], asked: Asked, *, new_fields: bool
) -> "list[tuple[Table, Mapping]]":
    """The tables, each with its mapping: guessed or saved, and changed as `--map` says."""
    from crmlib.base import InvalidInput
    from crmlib.exchange import find_mapping, guess_table, open_table, read_target, unknown_columns, with_own_fields
    from crmlib.exchange.refusals import without_reasons

    changes: dict[str, dict[str, Any]] = {}
    for one in told:
        column, is_there, target = one.rpartition("=")
        if not is_there:
            raise InvalidInput("--map", one, _("write it like 'Column=person.given_name'"))
        changes[column.strip()] = read_target(target)
    found = []
    for file in files:
        table = without_reasons(open_table(file))
        meaning = guess_table(table)
        if name:
            with workbench.reading() as session:
                meaning = find_mapping(session, name, meaning)
        with workbench.reading() as session:
            meaning = with_own_fields(session, meaning)
        for column, more in changes.items():
            if column in table.columns:
                meaning = meaning.changed(column, **more)
        offers = {offer.column: offer for offer in unknown_columns(meaning)}
        if new_fields:
            for offer in offers.values():
                meaning = meaning.changed(offer.column, offer.target, new=offer.new)
            offers = {}
        if not asked.json:
            typer.echo(f"{table.name}: {', '.join(meaning.kinds)}" + (f" ({meaning.system})" if meaning.system else ""))
            width = max(len(one.column) for one in meaning.columns)
            for about in meaning.columns:
                typer.echo(f"  {about.column:{width}}  {_meant(about)}")
            if offers:
                offer = next(iter(offers.values()))
                says = _("To keep it, as a field of your own: --map '{column}=custom new {kind}' (all: --new-fields)")
                typer.echo("  " + says.format(column=offer.column, kind=offer.new))
            for remark in meaning.remarks:
                typer.echo(f"  {remark}")
            typer.echo("")
        found.append((table, meaning))
    unknown = [column for column in changes if not any(column in table.columns for table, _meaning in found)]
    if unknown:
        raise InvalidInput("--map", unknown[0], _("no file has such a column"))
    return found


def _meant(about: "ColumnMapping") -> str:
    if about.target == "custom" and not about.new:
        return _("– (unknown here)") if about.look != "empty" else _("– (empty)")
    return about.short


def _tell(asked: Asked, report: "ImportReport", *, preview: bool, offers: bool = True) -> None:
    from crmlib.exchange import labels_of, words_of

    headline, *remarks = report.sentences()
    lines = [headline, ""] if report.counts else [headline]
    width = max((len(kind) for kind in report.counts), default=0)
    for kind, counts in report.counts.items():
        parts = ", ".join(words_of(counts))
        lines.append(f"  {kind:{width}}  {parts or '–'}")
    if preview:
        for kind, shown in report.preview.items():
            lines += ["", _("The first {kind}:").format(kind=kind)]
            labels = labels_of(kind)
            lines += [
                "  " + ", ".join(f"{labels.get(name, name)}: {value}" for name, value in one.items()) for one in shown
            ]
    lines += ["", *remarks] if remarks else []
    for one in report.proposals[:20] if offers else ():
        says = _("“{name}” may be “{called}” ({why}). To say so: {command} (or 0 for a new one)")
        command = shlex.join(["crm", "import", "match", report.system, one["what"], one["name"], str(one["record_id"])])
        lines.append(says.format(**one, command=command))
    for path in report.refused_files:
        says = _("What was refused is in {file}, with the reasons; correct it and import it as it is.")
        lines.append(says.format(file=path))
    asked.tell("\n".join(lines), **report.as_dict())


def _shown_progress(asked: Asked) -> "Callable[[Step], None] | None":
    """Progress on a terminal, beside the outcome; none for programs."""
    if asked.json or not sys.stderr.isatty():
        return None

    def show(step: "Step") -> None:
        ended = step.total is not None and step.done >= step.total
        sys.stderr.write(f"\r\x1b[K{step}" + ("\n" if ended else ""))
        sys.stderr.flush()

    return show


def _stem(file: Path) -> str:
    return file.name.split(".")[0] or "import"


def add_to(app_: typer.Typer) -> None:
    app_.add_typer(app, name="import", help="Import files of other systems; list, show and undo imports.")
