"""Presets on real data sets: the figures that stand beside the files, computed from them apart from this code."""

import gzip
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from crmlib.billing import Order, OrderLine, Payment, Refund, RefundLine
from crmlib.contacts import Channel, ConsentEvent, Party
from crmlib.exchange import SourceRecord, import_files
from crmlib.sales import Lead, LeadStatus

SMALL = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,ALPHA,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
1,A,ALPHA,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
1,B,BETA,1,2010-12-01 08:26:00,0.125,17850,United Kingdom
2,B,BETA,3,2010-07-01 08:26:00,1.5,,EIRE
C3,A,ALPHA,-2,2010-12-02 09:00:00,2.55,17850,United Kingdom
"""


@pytest.fixture
def run(workbench):
    def run(preset, *files, **options):
        with workbench.session() as session:
            return import_files(session, preset, files, at=workbench.now(), **options)

    return run


@pytest.fixture
def small(tmp_path):
    def small(text=SMALL):
        path = tmp_path / "retail.csv"
        path.write_text(text, "utf-8")
        return path

    return small


def test_invoices_become_orders_and_cancellations_refunds(workbench, run, small):
    report = run("online_retail", small())
    assert {kind: one.new for kind, one in report.counts.items()} == {
        "lines": 5, "customers": 1, "products": 2, "orders": 2, "refunds": 1,
    }  # fmt: skip
    with workbench.reading() as session:
        first = session.scalars(select(Order).where(Order.number == "1")).one()
        assert (first.total_minor, first.currency, first.party.name) == (3072, "GBP", "Customer 17850")
        assert [line.position for line in first.lines] == [1, 2, 3]
        second = session.scalars(select(Order).where(Order.number == "2")).one()
        assert (second.party_id, second.shipping_country, second.ordered_at.hour) == (None, "IE", 7)
        refund = session.scalars(select(Refund)).one()
        assert (refund.number, refund.amount_minor, refund.party_id) == ("C3", 510, first.party_id)
        assert [line.quantity for line in refund.lines] == [2]


def test_a_newer_file_changes_a_line_and_what_its_order_comes_to(workbench, run, small):
    run("online_retail", small())
    assert len(run("online_retail", small()).known_files) == 1
    assert not run("online_retail", small(), again=True).changed_anything
    newer = run(
        "online_retail", small(SMALL.replace("2,B,BETA,3", "2,B,BETA,4") + "2,A,ALPHA,1,2010-07-01 08:26:00,2,,EIRE\n")
    )
    assert (newer.of("lines").changed, newer.of("lines").new, newer.of("lines").unchanged) == (1, 1, 4)
    with workbench.reading() as session:
        order = session.scalars(select(Order).where(Order.number == "2")).one()
        assert (order.total_minor, [line.position for line in order.lines]) == (800, [1, 2])


def test_a_refused_line_goes_to_a_file_and_comes_back_corrected(workbench, run, small, tmp_path):
    refused = tmp_path / "refused.csv"
    refused.write_text("mine")
    report = run("online_retail", small(SMALL + "4,A,ALPHA,many,2010-12-01 08:26:00,2.55,,France\n"), refused=refused)
    assert report.of("lines").refused == 1
    assert refused.read_text() == "mine"
    (written,) = report.refused_files
    text = (tmp_path / "refused 2.csv").read_text("utf-8")
    assert str(tmp_path / "refused 2.csv") == written
    assert text.splitlines()[1].startswith("4,A,ALPHA,many,2010-12-01 08:26:00,2.55,,France,7,")
    (tmp_path / "refused 2.csv").write_text(text.replace("many", "9"), "utf-8")
    again = run("online_retail", written)
    assert (again.of("lines").new, again.of("lines").refused) == (1, 0)


def retail_figures(session):

    lines = sum((q * p for q, p in session.execute(select(OrderLine.quantity, OrderLine.unit_price))), Decimal(0))
    back = sum((q * p for q, p in session.execute(select(RefundLine.quantity, RefundLine.unit_price))), Decimal(0))
    return lines - back


@pytest.mark.slow
def test_online_retail_gives_the_published_figures(workbench, run, real_data, dialect, tmp_path):
    whole = real_data / "uci_online_retail" / "OnlineRetail.csv.gz"
    if dialect == "sqlite":
        report = run("online_retail", whole)
        assert (report.of("lines").new, report.total("refused")) == (541_909, 0)
        assert (report.of("customers").new, report.of("products").new) == (4_372, 4_070)
        assert report.of("orders").new + report.of("refunds").new == 25_900
        with workbench.reading() as session:
            assert retail_figures(session) == Decimal("9747747.934")
            assert session.scalar(select(func.count()).select_from(RefundLine)) == 9_288
            nobody = select(func.count()).select_from(OrderLine).join(Order).where(Order.party_id.is_(None))
            back = select(func.count()).select_from(RefundLine).join(Refund).where(Refund.party_id.is_(None))
            assert session.scalar(nobody) + session.scalar(back) == 135_080
        return
    part = tmp_path / "part.csv"
    with gzip.open(whole, "rt", encoding="utf-8") as source, part.open("w", encoding="utf-8") as target:
        rows = [line for line, _n in zip(source, range(30_001), strict=False)]
        target.writelines(rows)
    report = run("online_retail", part)
    assert (report.of("lines").new, report.total("refused")) == (30_000, 0)
    with workbench.reading() as session:
        cancelled = sum(line.startswith("C") for line in rows)
        assert session.scalar(select(func.count()).select_from(RefundLine)) == cancelled
    assert not run("online_retail", part, again=True).changed_anything


@pytest.mark.slow
def test_cdnow_gives_the_published_figures(workbench, run, real_data, dialect):
    name = "CDNOW_master" if dialect == "sqlite" else "CDNOW_sample"
    report = run("cdnow", real_data / "cdnow" / f"{name}.txt.gz")
    rows, customers, minor = (69_659, 23_570, 250_031_563) if dialect == "sqlite" else (6_919, 2_357, 24_409_194)
    assert (report.of("purchases").new, report.of("customers").new, report.total("refused")) == (rows, customers, 0)
    with workbench.reading() as session:
        for column in (Order.total_minor, Payment.amount_minor):
            assert (session.scalar(select(func.sum(column))), session.scalar(select(func.count(column)))) == (
                minor,
                rows,
            )
        if dialect == "sqlite":
            assert session.scalar(select(func.sum(OrderLine.quantity))) == 167_881


@pytest.mark.slow
def test_x_education_gives_the_published_figures(workbench, run, real_data, tmp_path):
    leads = real_data / "x_education_leads" / "Leads.csv.gz"
    dictionary = tmp_path / "Leads Data Dictionary.xlsx"
    dictionary.write_bytes(gzip.decompress((leads.parent / "Leads Data Dictionary.xlsx.gz").read_bytes()))
    report = run("x_education", dictionary, leads)
    assert (report.of("leads").new, report.total("refused")) == (9_240, 0)
    assert "only describes the other files" in "\n".join(report.sentences())
    with workbench.reading() as session:

        def count(*rules):
            return session.scalar(select(func.count()).select_from(Lead).where(*rules))

        converted = count(Lead.status == LeadStatus.QUALIFIED)
        assert (converted, round(100 * converted / count(), 2)) == (3_561, 38.54)
        # 2,868 as Google and 5 as google are one source.
        assert count(Lead.source == "Google") == 2_873
        assert count(Lead.source == "Direct Traffic") == 2_543
        assert count(Lead.origin == "landing page") == 4_886
        told = select(ConsentEvent.channel, func.count()).group_by(ConsentEvent.channel)
        assert dict(session.execute(told).all()) == {Channel.EMAIL: 734, Channel.PHONE: 2}
        assert not any("Select" in details.values() for details in session.scalars(select(Lead.details)))
        assert session.scalar(select(func.count()).select_from(Party)) == 9_240
        assert session.scalar(select(func.count()).select_from(SourceRecord)) == 9_240
