"""How long it takes to point out that a new party looks like one we have, among a million: p50 and p95.

The million have 400,000 different names at most, as people do: some are borne by thousands. Asked is what is
typed in the form: a name as it is kept, one with a slip, one turned round, some with city, birthday or e-mail. Beside
it the least that could be done: one look into the index of names. And how often the one who was meant is among the
three shown. CRM_BENCH_PARTIES sets the size, CRM_BENCH_DATABASES which databases (`sqlite postgresql`).
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, text

HERE = Path(__file__).parent
PARTIES = int(os.environ.get("CRM_BENCH_PARTIES", "1000000"))
DATABASES = os.environ.get("CRM_BENCH_DATABASES", "sqlite postgresql").split()
ASKED = int(os.environ.get("CRM_BENCH_ASKED", "200"))
GOAL_MS = 50
_MOMENT = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
_CHUNK = 20_000
_STARTS = "b br c d f g h k l m n p r s st t v w sch z".split()  # noqa: SIM905
_MIDDLES = "a e i o u an en in on ar er or al el ol".split()  # noqa: SIM905
_ENDS = "ner ler son man dez vic ska ari ono ta ra ki ni lo ris mann berg ton ley eau escu adi anto".split()  # noqa: SIM905


def rows() -> list[dict[str, Any]]:
    """Two rows for each database: milliseconds at the middle and at the 95th of a hundred."""
    found = []
    for dialect in DATABASES:
        with tempfile.TemporaryDirectory(prefix="near-bench-") as folder, database(dialect, Path(folder)) as workbench:
            began = time.perf_counter()
            fill(workbench.engine, PARTIES)
            print(f"    {PARTIES:,} parties in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            found += measured(workbench, dialect, PARTIES)
    return found


def measured(workbench: Any, dialect: str, count: int) -> list[dict[str, Any]]:
    """Ask `ASKED` times as a form would; wall time counts, processor time of ours is told beside it."""
    from crmlib.contacts import name_key, near_parties

    cpu, ms, bare = [], [], []
    told_apart, right = 0, 0
    for who, asked in questions(count, ASKED + 10):
        with workbench.reading() as session:
            session.execute(text("SELECT 1"))
            began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
            shown = near_parties(session, **asked)
            ms.append((time.perf_counter() - began) * 1000)
            spent = resource.getrusage(resource.RUSAGE_SELF)
            cpu.append((spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime) * 1000)
            began = time.perf_counter()
            key = {"key": name_key(asked["name"])}
            session.execute(text("SELECT id, name FROM party WHERE name_key = :key LIMIT 50"), key).all()
            bare.append((time.perf_counter() - began) * 1000)
        # Of a name alone that thousands bear, nobody can tell who is meant.
        if len(asked) > 1:
            told_apart += 1
            right += who in [one["party_id"] for one in shown]
    # The first ones load what later ones have at hand.
    ms, cpu, bare = ms[10:], cpu[10:], bare[10:]
    told = []
    for name, at in (("p50", 0.5), ("p95", 0.95)):
        value, beside = _at(ms, at), _at(bare, at)
        print(f"    {dialect} {name} {value:.1f} ms, processor {_at(cpu, at):.1f} ms", file=sys.stderr)
        told.append(
            {
                "name": f"near, {dialect}, {count:,} parties, {name}",
                "value": round(value, 2),
                "unit": "ms",
                "beside": f"one look into the index: {beside:.2f} ms",
                "ratio": round(value / beside, 1),
                "goal": f"< {GOAL_MS} ms",
                "met": value < GOAL_MS,
            }
        )
    print(f"    {dialect}: the one meant is shown to {right} of {told_apart}", file=sys.stderr)
    value = round(100 * right / max(told_apart, 1), 1)
    name = f"near, {dialect}, {count:,} parties, the one meant is shown"
    told.append({"name": name, "value": value, "unit": "%", "beside": None, "ratio": None, "goal": None, "met": None})
    return told


def _at(values: list[float], part: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(part * 100) - 1]


# --- the million ------------------------------------------------------------------------------------------


def _words(rng: Random, count: int, syllables: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        word = "".join(rng.choice(_STARTS) + rng.choice(_MIDDLES) for _ in range(rng.randint(1, syllables)))
        found[(word + rng.choice(_ENDS)).capitalize()] = None
    return list(found)


def _zipf(values: list[Any], rng: Random) -> Callable[[int], list[Any]]:
    weights = [1 / rank for rank in range(1, len(values) + 1)]
    return lambda count: rng.choices(values, weights, k=count)


def people(count: int) -> Iterator[tuple[int, str, str, str, str, date]]:
    """Number, given name, family name, city, postal code, birthday; the same each time."""
    rng = Random(1)
    given, family = _zipf(_words(rng, 200, 1), rng), _zipf(_words(rng, 2_000, 2), rng)
    place = _zipf([(city, n) for n, city in enumerate(_words(rng, 300, 2))], rng)
    first = date(1940, 1, 1)
    for start in range(1, count + 1, _CHUNK):
        numbers = range(start, min(start + _CHUNK, count + 1))
        columns = zip(numbers, given(len(numbers)), family(len(numbers)), place(len(numbers)), strict=True)
        for number, one, other, (city, n) in columns:
            code = f"{n * 100 + int(rng.random() ** 2 * 100):05d}"
            yield number, one, other, city, code, first + timedelta(days=rng.randrange(24_000))


def questions(count: int, how_many: int) -> list[tuple[int, dict[str, Any]]]:
    """What is typed: one in three as it is kept, one with a slip, one turned round; more or less beside it."""
    rng = Random(2)
    picked = sorted(rng.sample(range(1, count + 1), how_many))
    wanted, found = iter(picked), list[tuple[int, dict[str, Any]]]()
    number = next(wanted)
    for who, given, family, city, code, born in people(count):
        if who < number:
            continue
        name = f"{given} {family}"
        if way := len(found) % 3:
            at = rng.randrange(1, len(name))
            name = f"{family} {given}" if way == 1 else name[:at] + rng.choice("aeinrst") + name[at + 1 :]
        asked: dict[str, Any] = {"name": name}
        if rng.random() < 0.7:
            asked |= {"city": city, "country": "DE"}
        if rng.random() < 0.3:
            asked["postal_code"] = code
        if rng.random() < 0.3:
            asked["birthday_on"] = born
        if rng.random() < 0.5:
            asked["email"] = f"{given}.{family}{who + rng.randrange(2)}@mail.example".lower()
        found.append((who, asked))
        if (number := next(wanted, 0)) == 0:
            break
    rng.shuffle(found)
    return found


def fill(engine: Engine, count: int) -> None:
    """People, their addresses and e-mails by bare SQL, and an employer for every fourth."""
    from crmlib.base import folded
    from crmlib.contacts import back_key, name_key

    common = {"version": 1, "created_at": _MOMENT, "updated_at": _MOMENT}
    writer = _Writer(engine)
    keys: dict[str, tuple[str, str]] = {}
    chunk: dict[str, list[dict[str, Any]]] = {}
    for number, given, family, city, code, born in people(count):
        name = f"{given} {family}"
        front, back = keys.get(name) or keys.setdefault(name, (name_key(name), back_key(name)))
        party = {"id": number, "kind": "person", "name": name, "folded": folded(name), "lifecycle": "customer"}
        party |= {"is_archived": False, "name_key": front, "back_key": back, **common}
        chunk.setdefault("party", []).append(party)
        chunk.setdefault("person", []).append(
            {"id": number, "given_name": given, "family_name": family, "birthday_on": born}
        )
        place = {"id": number, "party_id": number, "city": city, "postal_code": code, "country": "DE"}
        chunk.setdefault("address", []).append({**place, "is_preferred": True, **common})
        mail = f"{given}.{family}{number}@mail.example".lower()
        point = {"id": number, "party_id": number, "kind": "email", "value": mail, "normalised": mail}
        chunk.setdefault("contact_point", []).append({**point, "is_preferred": True, "is_doubtful": False, **common})
        if number % _CHUNK == 0:
            writer.write(chunk)
            chunk = {}
    writer.write(chunk)
    writer.done()


class _Writer:
    """Bare rows into bare tables, by the fastest way of each database."""

    def __init__(self, engine: Engine) -> None:
        from crmlib.contacts import Party

        self._engine, self._tables = engine, Party.metadata.tables

    def write(self, chunk: dict[str, list[dict[str, Any]]]) -> None:
        from crmlib.base.fastest import Plan

        with self._engine.execution_options(crm_write=True).begin() as connection:
            for name, rows in chunk.items():
                table = self._tables[name]
                named = list(rows[0])
                missing = [one for one in table.columns if not one.nullable and one.name not in named]
                named += [one.name for one in missing if one.server_default is None]
                plan = Plan(connection, table, named, [table.c[one] for one in named])
                values = (
                    tuple(
                        (row.get(key, {}) if process is None else process(row.get(key, {})))
                        for key, process in zip(named, plan.processes, strict=True)
                    )
                    for row in rows
                )
                plan.put(values)

    def done(self) -> None:
        with self._engine.execution_options(crm_write=True).connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
            else:
                connection.execute(text("ANALYZE"))
                connection.commit()


@contextmanager
def database(dialect: str, folder: Path) -> Iterator[Any]:
    """An empty workbench, on PostgreSQL by a server of its own that is gone afterwards."""
    from crmlib import create_workbench

    if dialect == "sqlite":
        workbench = create_workbench(folder / "workspace", currency="EUR", country="DE")
        try:
            yield workbench
        finally:
            workbench.engine.dispose()
        return
    sys.path.insert(0, str(HERE.parent / "support"))
    from private_postgres import PrivatePostgres

    server = PrivatePostgres()
    try:
        address = server.create("near")
        workbench = create_workbench(folder / "workspace", currency="EUR", country="DE", database=address)
        yield workbench
        workbench.engine.dispose()
    finally:
        server.stop()
