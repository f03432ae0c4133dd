"""Reports: which there are, running one, and what is kept of a run.

A report is a papermill notebook in `reports/`: its parameters cell is its signature, its cells call queries and
analytics and return blocks (`crmlib.reporting.blocks`). A run executes it on a workbench and keeps the notebook, an
HTML file, a PDF and the evidence to run it again; all three show the same blocks.
"""

from crmlib.reporting.catalogue import Report, list_reports, show_report
from crmlib.reporting.parameters import Parameter
from crmlib.reporting.runs import ReportFailed, ReportRun, past_runs, run_report

__all__ = [
    "Parameter",
    "Report",
    "ReportFailed",
    "ReportRun",
    "list_reports",
    "past_runs",
    "run_report",
    "show_report",
]
