"""`crm report`: which reports there are, what one asks for, running it, and what has been run."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from crmlib.i18n import gettext as _
from crmlib.i18n import use_locale

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, explain and run reports, and see what was run.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[str, typer.Argument(help="The report, such as sales_review.", show_default=False)]


@app.command("list")
def list_all(context: typer.Context) -> None:
    """Which reports there are."""
    from crmlib.reporting import list_reports

    reports = list_reports()
    facts = [{"name": r.name, "title": r.title, "about": r.sentence} for r in reports]
    width = max((len(report.name) for report in reports), default=0)
    lines = [f"{report.name:<{width}}  {report.title}: {report.sentence}" for report in reports]
    context.obj.tell("\n".join(lines) or _("There are no reports here."), reports=facts)


@app.command()
def show(context: typer.Context, name: Name) -> None:
    """What a report tells, and the parameters it takes."""
    from crmlib.reporting import show_report

    report = show_report(name)
    lines = [report.title, report.sentence, ""]
    for parameter in report.parameters:
        default = json.dumps(parameter.default, ensure_ascii=False)
        rule = f" [{parameter.rule}]" if parameter.rule else ""
        lines += [f"  {parameter.name}: {parameter.type}, {default}{rule}", f"      {parameter.help}"]
    example = next((f" -p {p.name}=…" for p in report.parameters), "")
    lines += ["", f"  crm report run {report.name}{example}"]
    parameters = [
        {"name": p.name, "type": p.type, "default": p.default, "rule": p.rule, "help": p.help}
        for p in report.parameters
    ]
    context.obj.tell(
        "\n".join(lines), name=report.name, title=report.title, about=report.sentence, parameters=parameters
    )


@app.command()
def run(
    context: typer.Context,
    name: Name,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A parameter; repeat for more."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Keep the run in this folder instead of the workspace's runs."),
    ] = None,
) -> None:
    """Run a report and keep its notebook, HTML, PDF and evidence."""
    from crmlib.reporting import run_report, show_report

    given = _given(parameter or [])
    report = show_report(name)  # a misspelt name is told before a database is opened
    if not context.obj.json:
        typer.echo(_("Running {report} …").format(report=report.title), err=True)
    with context.obj.open() as workbench:
        done = run_report(workbench, name, given, out=None if out is None else out.expanduser().absolute())
    evidence = done.evidence
    paths = {kind: str(path) for kind, path in done.paths.items()}
    facts: dict[str, Any] = {
        "report": name,
        "status": evidence["status"],
        "finding": evidence["finding"],
        "parameters": {**evidence["parameters"], **evidence["resolved"]},
        "data_version": evidence["data_version"],
        "folder": str(done.folder),
        "paths": paths,
    }
    with use_locale(evidence["locale"]):
        lines = [evidence["finding"], *(f"  {figure['name']}: {figure['text']}" for figure in evidence["figures"])]
        context.obj.tell("\n".join([*lines, "", *paths.values()]), **facts)


@app.command()
def runs(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Only runs of this report.", show_default=False)] = None,
) -> None:
    """What has been run in this workspace, newest first."""
    from crmlib.reporting import past_runs

    found = past_runs(context.obj.workspace, name)
    facts = [
        {
            key: done.evidence.get(key)
            for key in ("report", "status", "started_at", "finished_at", "by", "finding", "error", "data_version")
        }
        | {"folder": str(done.folder)}
        for done in found
    ]
    lines = []
    for done in found:
        what = done.evidence.get("finding") or done.evidence.get("error") or ""
        state = _("done") if done.succeeded else _("failed")
        lines += [f"{done.evidence.get('started_at', '')}  {done.report}  {state}  {what}", f"    {done.folder}"]
    context.obj.tell("\n".join(lines) or _("No report has been run here yet."), runs=facts)


def _given(pairs: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(_("“{pair}” is no NAME=VALUE, such as quarter=2017-Q4.").format(pair=pair))
        if name.strip() in given:
            raise typer.BadParameter(_("{name} is given twice.").format(name=name.strip()))
        given[name.strip()] = value
    return given
