"""Imports that would cost a second for something no report needs."""

import sys


def import_jsonschema_quickly() -> None:
    """Import jsonschema without its checker of internationalised addresses; call before altair, nbformat, papermill.

    They all import jsonschema, which builds a grammar of RFC 3987 on the way: 0.8 s in every process, for a format
    that neither notebooks nor charts use. It does without where the grammar is not installed; so for the moment of
    this import, it is not.
    """
    if "jsonschema" in sys.modules or "rfc3987_syntax" in sys.modules:
        return
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        import jsonschema  # type: ignore[import-untyped]  # noqa: F401
    finally:
        del sys.modules["rfc3987_syntax"]
