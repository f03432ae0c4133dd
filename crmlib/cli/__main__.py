"""`python -m crmlib.cli` is `crm`."""

from crmlib.cli import main

main()
