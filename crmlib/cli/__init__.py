"""The `crm` command: what an administrator, a program or a newcomer does from a terminal.

    crm demo            a company full of believable data
    crm serve           the desk

Exit codes: 0 done, 1 could not be done (one sentence says why), 2 not understood.
"""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the arguments of the process, unless others are given. Always ends in SystemExit."""
    from crmlib.cli.app import run

    sys.exit(run(arguments))


__all__ = ["main"]
