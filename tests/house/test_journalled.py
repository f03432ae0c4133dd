"""Everything that people's work lives in is journalled: it can be taken back, and seen as it was."""

import ast
from pathlib import Path

import crmlib.exchange
import crmlib.workbench  # noqa: F401  # all rooms, with all their records
from crmlib.base import Base, JournalEntry, Journalled

ROOT = Path(__file__).resolve().parents[2]

# Stored and not journalled, each for a reason.
NOT_JOURNALLED = {
    "journal": "it is the journal",
    "import": "what an import brought is kept as it was, whatever becomes of it",
    "source_record": "what a source said is never changed; it came with an import",
    "party_total": "triggers work it out from orders, payments and refunds",
    "reporting_basis": "the currency that party_total is in",
    "search_entry": "triggers keep it from the records that are searched",
    "search_word": "triggers keep it from the names that are searched",
    "search_pause": "says that a load is under way, and is empty otherwise",
}

# Statements that change rows past the session, and so past its journal: each says why in a comment beside it.
PAST_THE_SESSION = {
    "crmlib/activities/actions/activity.py": 1,
    "crmlib/activities/actions/change.py": 1,
    "crmlib/base/history/numbers.py": 1,
    "crmlib/base/history/removing.py": 1,
    "crmlib/base/history/returning.py": 1,
    "crmlib/billing/totals.py": 5,
    "crmlib/contacts/actions/keys.py": 1,
    "crmlib/contacts/actions/places.py": 1,
    "crmlib/exchange/everything.py": 1,
}


def test_every_record_is_journalled_or_says_why_not():
    Base.registry.configure()
    kinds = {one.class_ for one in Base.registry.mappers}
    assert JournalEntry in kinds
    bare = {kind.__tablename__ for kind in kinds if not issubclass(kind, Journalled)}
    assert bare <= set(NOT_JOURNALLED), "make these Journalled, or say why not"
    mapped = {table.name for one in Base.registry.mappers for table in one.tables}
    assert set(Base.metadata.tables) - mapped <= set(NOT_JOURNALLED), "a table without a record has no journal"


def test_every_statement_that_changes_rows_past_the_session_is_known():
    found = {}
    for path in sorted((ROOT / "crmlib").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        taken = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
            for alias in node.names
            if alias.name in ("update", "delete")
        }
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in taken
        ]
        if calls:
            found[str(path.relative_to(ROOT))] = len(calls)
    more = {path: n for path, n in found.items() if n > PAST_THE_SESSION.get(path, 0)}
    assert more == {}, "journal it, or say beside it why not, and name it here"
