# ruff: noqa: B023  # statements are written in parts; what a loop measures is called at once, in its own round
"""Lists and a customer's page where there are a million parties and ten million payments, on both databases.

Each figure is the 95th percentile of ROUNDS calls of what the desk and the library call, in one process and session;
beside it stands the median of the barest SQL that brings the same first rows, sent to the same engine in the same run.

`CRM_BENCH_PARTIES` is how many parties there are (1,000,000). Making them takes minutes; to use what is made already
name it: `CRM_BENCH_SQLITE` a workspace folder, `CRM_BENCH_POSTGRESQL` a workspace folder whose settings name one. A
folder that is not there yet is made and kept. `CRM_BENCH_ONLY=sqlite` (or postgresql) leaves the other database out.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

ROUNDS = 20
# A case that takes long is asked less often.
PATIENCE = 6.0
PAGE_GOAL, CARD_GOAL, PARSE_GOAL = 100, 50, 2

_VISIBLE = "lifecycle <> 'colleague' AND NOT is_archived"
_PARTIES = f"SELECT id, name FROM party WHERE {_VISIBLE} ORDER BY folded, id LIMIT 20"
_CITY = (
    "SELECT id, name FROM party WHERE lifecycle = 'customer' AND id IN"
    " (SELECT party_id FROM address WHERE city = 'Delft' AND is_preferred) ORDER BY id LIMIT 20"
)

# Of which record, by which filter, in which order; and the barest SQL for the same.
LISTS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "party",
        'lifecycle == "customer" and total_paid > 1000',
        {},
        (
            "SELECT p.id, p.name FROM party p JOIN party_total t ON t.party_id = p.id"
            " WHERE lifecycle = 'customer' AND paid_minor > 100000 ORDER BY p.id LIMIT 20"
        ),
    ),
    (
        "party",
        'lifecycle == "customer" and total_paid > 1000',
        {"sort": "name"},
        (
            "SELECT p.id, p.name FROM party p JOIN party_total t ON t.party_id = p.id"
            " WHERE lifecycle = 'customer' AND paid_minor > 100000 ORDER BY p.folded, p.id LIMIT 20"
        ),
    ),
    ("party", 'lifecycle == "customer" and city == "delft"', {}, _CITY),
    ("party", 'lifecycle == "customer" and city == "delft"', {"sort": "name"}, _CITY.replace("BY id", "BY folded, id")),
    (
        "party",
        'lifecycle == "customer" and city in ("Delft", "Kiel")',
        {"page": 3},
        _CITY.replace("= 'Delft'", "IN ('Delft', 'Kiel')") + " OFFSET 40",
    ),
    (
        "party",
        "last_activity_at < today - 90d and owner == me",
        {"sort": "last_activity_at", "descending": True},
        (
            "SELECT id, name FROM party WHERE last_activity_at < '{quiet}' AND owner_id = {me}"
            " ORDER BY last_activity_at DESC, id DESC LIMIT 20"
        ),
    ),
    (
        "party",
        "total_paid > 5000 and n_orders > 3",
        {"sort": "total_paid", "descending": True},
        (
            "SELECT party_id FROM party_total WHERE paid_minor > 500000 AND n_orders > 3"
            " ORDER BY paid_minor DESC, party_id DESC LIMIT 20"
        ),
    ),
    (
        "party",
        'name starts with "anja" and kind == "person"',
        {"sort": "name"},
        (
            "SELECT id, name FROM party WHERE folded >= 'anja' AND folded < 'anjb' AND kind = 'person'"
            " ORDER BY folded, id LIMIT 20"
        ),
    ),
    (
        "party",
        'country == "NL" and source == "event"',
        {"sort": "created_at", "descending": True},
        (
            "SELECT p.id FROM party p JOIN address a ON a.party_id = p.id AND a.is_preferred"
            " WHERE a.country = 'NL' AND source = 'event' ORDER BY p.created_at DESC, p.id DESC LIMIT 20"
        ),
    ),
    (
        "party",
        'region == "zuid-holland" and lifecycle == "lead"',
        {"sort": "owner"},
        (
            "SELECT p.id FROM party p JOIN party o ON o.id = p.owner_id WHERE p.kept_region = 'Zuid-Holland'"
            " AND p.lifecycle = 'lead' ORDER BY o.folded, p.id LIMIT 20"
        ),
    ),
    (
        "party",
        'total_paid > 100000 and country == "RO"',
        {"sort": "city"},
        (
            "SELECT p.id FROM party p JOIN party_total t ON t.party_id = p.id WHERE t.paid_minor > 10000000"
            " AND p.kept_country = 'RO' ORDER BY p.kept_city_folded, p.id LIMIT 20"
        ),
    ),
    (
        "party",
        "organization is not empty and n_payments > 2",
        {"sort": "n_orders", "descending": True},
        (
            "SELECT p.id FROM party p JOIN party_total t ON t.party_id = p.id WHERE p.kept_organization_id"
            " IS NOT NULL AND t.n_payments > 2 ORDER BY t.n_orders DESC, p.id DESC LIMIT 20"
        ),
    ),
    (
        "deal",
        'status == "open" and amount > 1000 EUR',
        {"sort": "expected_close_on"},
        (
            "SELECT d.id FROM deal d JOIN stage s ON s.id = d.stage_id WHERE s.kind = 'open' AND amount_minor > 100000"
            " ORDER BY expected_close_on, d.id LIMIT 20"
        ),
    ),
    (
        "deal",
        'owner == me and status == "won"',
        {"sort": "amount", "descending": True},
        (
            "SELECT d.id FROM deal d JOIN stage s ON s.id = d.stage_id WHERE s.kind = 'won' AND owner_id = {me}"
            " ORDER BY amount_minor DESC, d.id DESC LIMIT 20"
        ),
    ),
    (
        "activity",
        'kind == "call" and is_done == true',
        {"sort": "at", "descending": True},
        "SELECT id FROM activity WHERE kind = 'call' AND done_at IS NOT NULL ORDER BY starts_at DESC, id DESC LIMIT 20",
    ),
    (
        "activity",
        "is_done == false and due_at < today",
        {"sort": "due_at"},
        "SELECT id FROM activity WHERE done_at IS NULL AND due_at < '{today}' ORDER BY due_at, id LIMIT 20",
    ),
    (
        "activity",
        'assignee == me and kind == "meeting"',
        {},
        (
            "SELECT a.id FROM activity a JOIN participation p ON p.activity_id = a.id AND p.part = 'assignee'"
            " WHERE p.party_id = {me} AND a.kind = 'meeting' ORDER BY a.id LIMIT 20"
        ),
    ),
    (
        "order",
        'total > 1000 and channel == "shop"',
        {"sort": "ordered_on", "descending": True},
        (
            "SELECT id FROM \"order\" WHERE total_minor > 100000 AND channel = 'shop'"
            " ORDER BY ordered_on DESC, id DESC LIMIT 20"
        ),
    ),
    (
        "payment",
        'method == "paypal" and paid_on < today - 30d',
        {"sort": "paid_on", "descending": True},
        (
            "SELECT id FROM payment WHERE method = 'paypal' AND paid_on < '{month}'"
            " ORDER BY paid_on DESC, id DESC LIMIT 20"
        ),
    ),
]


def rows() -> list[dict[str, Any]]:
    """First and later pages of every list, a customer's page, and what a filter costs by itself."""
    found = []
    for dialect in ("sqlite", "postgresql"):
        if os.environ.get("CRM_BENCH_ONLY", dialect) == dialect:
            with _crowd(dialect) as workbench:
                if workbench is not None:
                    found += _measured(workbench, dialect)
    return found


def _measured(workbench: Any, dialect: str) -> Iterator[dict[str, Any]]:

    from crmlib import billing, contacts, filters, sales

    with workbench.reading() as session:
        n_parties = session.scalar(text("SELECT count(*) FROM party"))
        me = session.execute(text("SELECT p.id, p.name FROM party p JOIN seller s ON s.party_id = p.id LIMIT 1")).one()
        best = session.scalar(text("SELECT party_id FROM party_total ORDER BY n_payments DESC LIMIT 1"))
        pipeline = session.scalar(text("SELECT id FROM pipeline ORDER BY id LIMIT 1"))
        firm = session.scalar(
            text("SELECT organization_id FROM affiliation GROUP BY organization_id ORDER BY count(*) DESC LIMIT 1")
        )
    workbench.actor = me.name
    today = workbench.today()
    from datetime import timedelta

    known = {
        "me": me.id,
        "today": today,
        "quiet": today - timedelta(days=90),
        "month": today - timedelta(days=30),
    }
    size = f"{dialect}, {n_parties:,} parties"
    with workbench.reading() as session:

        def raw(sql: str) -> Callable[[], Any]:
            asked = text(sql.format(**known).replace(":", "\\:"))
            return lambda: session.execute(asked).all()

        for record, told, more, sql in LISTS:
            if record == "payment" and record not in filters.known_records():
                continue
            shown = " ".join([told, *(f"{key}={value}" for key, value in more.items())])
            yield _row(
                f"{size}: {record}: {shown}",
                _times(lambda: filters.list_page(session, record, filter=told, **more)),
                _times(raw(sql)),
                PAGE_GOAL,
            )
        pages: list[tuple[str, dict[str, Any], str]] = [
            ("", {}, _PARTIES),
            ("page 50", {"page": 50}, _PARTIES + " OFFSET 980"),
            ("by last activity", {"sort": "last_activity_at", "descending": True},
             f"SELECT id FROM party WHERE {_VISIBLE} ORDER BY last_activity_at DESC, id DESC LIMIT 20"),
            ("by owner", {"sort": "owner"},
             f"SELECT p.id FROM party p WHERE {_VISIBLE} ORDER BY owner_id, id LIMIT 20"),
            ("by city", {"sort": "city"},
             f"SELECT p.id FROM party p JOIN address a ON a.party_id = p.id WHERE {_VISIBLE} ORDER BY city LIMIT 20"),
            ("customers of mine", {"lifecycle": contacts.Lifecycle.CUSTOMER, "owner_id": me.id},
             f"SELECT id FROM party WHERE lifecycle = 'customer' AND owner_id = {me.id} ORDER BY folded, id LIMIT 20"),
        ]  # fmt: skip
        for name, more, sql in pages:
            yield _row(
                f"{size}: customers on the desk{name and ', '}{name}",
                _times(lambda: contacts.parties_page(session, **more)),
                _times(raw(sql)),
                PAGE_GOAL,
            )
        yield _row(
            f"{size}: orders",
            _times(lambda: billing.orders_page(session)),
            _times(raw('SELECT id FROM "order" ORDER BY ordered_on DESC, id DESC LIMIT 20')),
            PAGE_GOAL,
        )
        counts = raw("SELECT lifecycle, count(*) FROM party WHERE NOT is_archived GROUP BY lifecycle")
        yield _row(
            f"{size}: how many stand where",
            _times(lambda: contacts.lifecycle_counts(session, most=10_001)),
            _times(counts),
            PAGE_GOAL,
        )
        yield _row(
            f"{size}: pipeline",
            _times(lambda: sales.board(session, pipeline, closed_since=known["quiet"])),
            _times(raw("SELECT stage_id, count(*), sum(amount_minor) FROM deal GROUP BY stage_id")),
            PAGE_GOAL,
        )
        read = _times(lambda: filters.parse_filter(session, "party", LISTS[0][1]))
        yield _row(f"{size}: read a filter and check it against the catalogue", read, None, PARSE_GOAL)
    for what, number in (("who paid most often", best), ("a firm with people", firm)):
        yield _row(
            f"{size}: customer's page, {what}",
            _times(_page_of(workbench, number)),
            _times(lambda: _bare_page(workbench, number)),
            CARD_GOAL,
        )


def _page_of(workbench: Any, number: int) -> Callable[[], Any]:
    from widgets.contacts.customer.model import CustomerModel

    model = CustomerModel(workbench)

    def show() -> None:
        model.show({"id": number})
        assert model.party, model.message

    return show


def _bare_page(workbench: Any, number: int) -> None:
    with workbench.reading() as session:
        for sql in (
            "SELECT * FROM party WHERE id = :id",
            "SELECT * FROM contact_point WHERE party_id = :id",
            "SELECT * FROM address WHERE party_id = :id",
            "SELECT * FROM affiliation WHERE person_id = :id OR organization_id = :id",
            "SELECT * FROM deal WHERE party_id = :id LIMIT 50",
            "SELECT a.* FROM activity a JOIN participation p ON p.activity_id = a.id WHERE p.party_id = :id LIMIT 30",
            "SELECT * FROM journal WHERE party_id = :id ORDER BY happened_at DESC LIMIT 30",
            "SELECT * FROM party_total WHERE party_id = :id",
        ):
            session.execute(text(sql), {"id": number}).all()


def _times(call: Callable[[], Any]) -> list[float]:
    """Milliseconds of each round, the first one (caches, plans) left out."""
    call()
    found: list[float] = []
    began = time.perf_counter()
    while len(found) < ROUNDS and (len(found) < 3 or time.perf_counter() - began < PATIENCE):
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1000)
    return found


def _row(name: str, values: list[float], beside: list[float] | None, goal: float | None) -> dict[str, Any]:
    middle = statistics.median(values)
    late = sorted(values)[min(len(values) - 1, round(len(values) * 0.95) - 1 if len(values) > 1 else 0)]
    other = statistics.median(beside) if beside else None
    print(f"{late:9.1f} (p50 {middle:.1f}, raw {other or 0:.1f}) {name}", file=sys.stderr, flush=True)
    return {
        "name": name,
        "value": round(late, 1),
        "unit": f"ms p95 (p50 {middle:.1f})",
        "beside": None if other is None else f"the barest SQL: {other:.1f} ms",
        "ratio": None if other is None else round(middle / max(other, 0.01), 2),
        "goal": None if goal is None else f"≤ {goal} ms",
        "met": None if goal is None else late <= goal,
    }


@contextmanager
def _crowd(dialect: str) -> Iterator[Any]:
    """The workbench with the crowd in it: the one that was named, or a new one; None where there is no PostgreSQL."""
    from crmlib import open_workbench
    from crmlib.demo import make_demo

    scale = int(os.environ.get("CRM_BENCH_PARTIES", "1000000")) / 1000
    named = os.environ.get(f"CRM_BENCH_{dialect.upper()}")
    server, address = None, None
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(named) if named else Path(scratch) / "workspace"
        if dialect == "postgresql" and not named:
            from tests.support.private_postgres import PostgresMissing, PrivatePostgres

            try:
                server = PrivatePostgres()
            except PostgresMissing as missing:
                print(f"PostgreSQL is not measured: {missing}", file=sys.stderr)
                yield None
                return
            address = server.create("crowd")
        try:
            if not (folder / "workbench.toml").exists():
                began = time.perf_counter()
                make_demo(folder, database=address, scale=scale)
                print(f"    made on {dialect} in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            with open_workbench(folder) as workbench:
                if dialect == "postgresql":
                    # What any server does by itself soon after a load; the tests' own is started without it.
                    with workbench.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                        connection.execute(text("VACUUM (ANALYZE)"))
                yield workbench
        finally:
            if server is not None:
                server.stop()
