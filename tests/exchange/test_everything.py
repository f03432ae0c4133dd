"""Everything out of one workbench and into another: what comes in equals what went out."""

import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crmlib import Workbench, create_workbench, open_workbench
from crmlib.activities import log_activity
from crmlib.base import InvalidInput, JournalEntry, Money, NotFound, Refused
from crmlib.contacts import Party, add_organization, add_person, edit_contact_point, edit_party
from crmlib.exchange.everything import export_everything, fingerprint, import_everything, stored_tables
from crmlib.sales import add_pipeline, lose_deal, open_deal

AT = datetime(2026, 7, 1, 9, tzinfo=UTC)
FORMATS = ["jsonl", "csv", "parquet", "xlsx"]
Maker = Callable[[], Workbench]


@pytest.fixture(scope="module")
def make_empty(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Makes empty workbenches on SQLite, quickly."""
    template = tmp_path_factory.mktemp("everything") / "template"
    create_workbench(template, currency="EUR", country="DE").close()

    def make() -> Workbench:
        folder = tmp_path_factory.mktemp("empty") / "workspace"
        shutil.copytree(template, folder)
        return open_workbench(folder, clock=lambda: AT)

    return make


def moved(source: Workbench, target: Workbench, path: Path, file_format: str) -> dict[str, int]:
    with source.reading() as session:
        counts = export_everything(session, path, at=AT, file_format=file_format, overwrite=True)
    with target.session() as session:
        assert import_everything(session, path) == counts
    with source.reading() as here, target.reading() as there:
        assert fingerprint(there) == fingerprint(here)
    return counts


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
names = texts.filter(lambda text: text.strip() != "")
deals = st.tuples(
    names, st.none() | st.integers(0, 10**12), st.sampled_from(["EUR", "IDR", "JPY", "KWD"]), st.booleans()
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.tuples(names, st.none() | texts, texts), max_size=4),
    sold=st.lists(deals, max_size=3),
    notes=st.lists(texts, max_size=3),
    file_format=st.sampled_from(FORMATS),
)
def test_any_workbench_comes_back_equal(make_empty: Maker, tmp_path: Path, people, sold, notes, file_format):
    with make_empty() as source, make_empty() as target:
        with source.session() as session:
            add_pipeline(session, name="Sales")
            boss = add_organization(session, name="= Boss", at=AT, city="\u0218tefan cel Mare")
            child = add_organization(session, name="Child", at=AT, parent=boss)
            for given_name, family_name, title in people:
                person = add_person(session, given_name=given_name, at=AT, organization=child, owner=boss)
                person.family_name, person.job_title = family_name, title  # as a slip of ours could leave them
            for name, minor, currency, is_lost in sold:
                amount = None if minor is None else Money(minor, currency)
                deal = open_deal(
                    session, name=name, at=AT, party=child, amount=amount, expected_close_on=date(2026, 8, 1)
                )
                if is_lost:
                    lose_deal(session, deal, reason="price", at=AT + timedelta(days=1), note="\n=1+1")
            for note in notes:
                log_activity(session, "note", subject="note", body=note, with_parties=[boss], at=AT)
        counts = moved(source, target, tmp_path / "out.zip", file_format)
        assert counts["person"] == len(people)


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_demo_company_moves_between_databases(
    demo_workspace: Path, workbench: Workbench, tmp_path: Path, file_format: str
):
    with open_workbench(demo_workspace) as demo:
        counts = moved(demo, workbench, tmp_path / "out.zip", file_format)
        assert counts["party"] > 50
        assert counts["journal"] > 500
    with workbench.session() as session:
        party = session.scalars(select(Party).order_by(Party.id.desc())).first()
        newest = session.scalar(select(func.max(JournalEntry.number)))
        edit_party(session, party, {"source": "referral"}, at=AT)
        assert add_organization(session, name="Next", at=AT).id > party.id
        session.flush()
        assert session.scalar(select(func.max(JournalEntry.number))) > newest


def test_numbers_of_deleted_rows_are_not_given_again(workbench: Workbench, make_empty: Maker, tmp_path: Path):
    with workbench.session() as session:
        party = add_organization(session, name="Uno", at=AT, email="a@example.com")
        point = party.contact_points[0]
        session.flush()
        number = point.id
        edit_contact_point(session, point, "")
    with make_empty() as target:
        moved(workbench, target, tmp_path / "out.zip", "jsonl")
        with target.session() as session:
            party = session.scalars(select(Party)).one()
            added = add_person(session, given_name="Ana", at=AT, email="b@example.com")
            session.flush()
            assert added.contact_points[0].id > number


def test_a_workbench_with_records_takes_no_other(workbench: Workbench, tmp_path: Path):
    with workbench.session() as session:
        add_organization(session, name="Uno", at=AT)
    with workbench.reading() as session:
        export_everything(session, tmp_path / "out.zip", at=AT)
    with pytest.raises(Refused, match="holds records already"), workbench.session() as session:
        import_everything(session, tmp_path / "out.zip")


def test_a_damaged_export_is_noticed_before_anything_is_written(
    demo_workspace: Path, make_empty: Maker, tmp_path: Path
):
    path = tmp_path / "out.zip"
    with open_workbench(demo_workspace) as demo, demo.reading() as session:
        export_everything(session, path, at=AT)
    whole = path.read_bytes()
    places = [len(whole) * part // 23 for part in range(1, 22)]
    with make_empty() as target:
        for place in places:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
            try:
                with target.session() as session:
                    import_everything(session, path)
                    session.rollback()
            except InvalidInput:
                pass
            with target.reading() as session:
                assert session.scalar(select(func.count()).select_from(Party)) == 0
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InvalidInput), target.session() as session:
            import_everything(session, path)
        _swap_two_tables(whole, path)
        with pytest.raises(InvalidInput, match="is damaged"), target.session() as session:
            import_everything(session, path)


def _swap_two_tables(whole: bytes, path: Path) -> None:
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as packed:
        members: dict[str, Any] = {name: packed.read(name) for name in packed.namelist()}
    members["tables/deal.jsonl"], members["tables/party.jsonl"] = (
        members["tables/party.jsonl"],
        members["tables/deal.jsonl"],
    )
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)


def test_what_is_no_export_is_refused_in_a_sentence(workbench: Workbench, tmp_path: Path):
    (tmp_path / "x.zip").write_bytes(b"PK not a zip")
    with pytest.raises(InvalidInput, match="is not an export of everything"), workbench.session() as session:
        import_everything(session, tmp_path / "x.zip")
    with pytest.raises(NotFound), workbench.session() as session:
        import_everything(session, tmp_path / "none.zip")


def test_every_table_of_ours_is_in_an_export():
    names = {one.name for one in stored_tables()}
    assert {"party", "person", "organization", "deal", "stage_event", "journal", "source_record"} <= names
