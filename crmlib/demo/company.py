"""The demo company, made: plans drawn from a seed, then lived through day by day."""

import shutil
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmlib.activities import Activity
from crmlib.base import Refused, few_collections
from crmlib.base.settings import find_workspace
from crmlib.catalog import Product
from crmlib.contacts import Organization, Party, Person
from crmlib.demo.crowd import Crowd, Progress
from crmlib.demo.diary import DemoClock, Diary, moment, working_day
from crmlib.demo.history import History
from crmlib.demo.market import OrganizationPlan, plan_market, plan_person
from crmlib.demo.pipeline import SellerPlan, plan_deals
from crmlib.demo.sources import read
from crmlib.demo.work import plan_care, plan_deal_work, plan_quarrels
from crmlib.i18n import gettext as _
from crmlib.sales import Deal, Seller, Stage
from crmlib.workbench import Workbench, create_workbench

DAYS = 730
ORGANIZATIONS, DEALS, PEOPLE_ALONE = 400, 900, 24
# A larger company is made in bulk.
MOST_LIVED = 20


def make_demo(
    workspace: Path | str | None = None,
    *,
    database: str | None = None,
    seed: int = 7,
    scale: float = 1.0,
    today: date | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> dict[str, int]:
    """Make Halyard Instruments in a new workspace; how many organizations, persons, deals and activities it has.

    Up to a `scale` of 20 the two years are lived through, day by day. Above it a crowd is made in bulk: the company
    with 1,000 parties and 10,000 payments for each unit of scale, and without stories; `progress` is told what is
    being made, how many rows are there and how many there will be.
    The same `seed`, `scale` and `today` (the day it is in Delft, unless given) make the same records. It is there
    as a whole or not at all. Raises Refused where the folder, or the database, holds something already.
    """
    folder = find_workspace(workspace)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(_("{folder} is not empty. Remove it, or name another folder.").format(folder=folder))
    company = read("company")
    today = today or datetime.now(ZoneInfo(company["timezone"])).date()
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        clock = DemoClock(moment(today - timedelta(days=DAYS), 5))
        workbench = create_workbench(
            making,
            database=database,
            clock=clock,
            door="demo",
            **{key: company[key] for key in ("name", "currency", "locale", "timezone", "country", "actor")},
        )
        with workbench, few_collections():
            if scale <= MOST_LIVED:
                counts = _live(workbench, clock, Random(f"{seed} {scale:g}"), scale=scale, today=today)
            else:
                counts = _gather(workbench, clock, seed=seed, scale=scale, today=today, progress=progress)
        making.replace(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return counts


def _live(workbench: Workbench, clock: DemoClock, rng: Random, *, scale: float, today: date) -> dict[str, int]:
    begins = today - timedelta(days=DAYS)
    sellers = _sellers(begins, today)
    market = plan_market(rng, count=max(8, round(ORGANIZATIONS * scale)), begins=begins, today=today)
    _share_out(rng, market, sellers)
    deals = plan_deals(rng, sellers, market, count=max(6, round(DEALS * scale)), begins=begins, today=today)
    diary = Diary(today)
    history = History(diary, rng, currency=workbench.settings.currency, begins=begins)
    history.found()
    quarrels = plan_quarrels(rng, market, deals, today)
    for organization in market:
        history.meet(organization)
        for care in plan_care(rng, organization, today=today):
            history.work(care)
    for _number in range(round(PEOPLE_ALONE * scale)):
        country = rng.choice(list(read("countries")))
        person = plan_person(rng, country, "mail.example", today)
        person.job_title = rng.choice(("Independent consultant", "Student", "Journalist"))
        person.facts["country"] = country
        day = working_day(begins + timedelta(days=rng.randrange(20, DAYS - 10)))
        history.meet_alone(person, day, rng.choice([one.name for one in sellers if one.joined_on <= day]))
    for deal in deals:
        history.sell(deal)
        for work in plan_deal_work(rng, deal, today=today):
            history.work(work)
    for quarrel in quarrels:
        history.work(quarrel)
    with workbench.session() as session:
        _refuse_where_somebody_is(session)
        diary.carry_out(session, clock, staff=history.staff)
        counted = {"organizations": Organization, "persons": Person, "deals": Deal, "activities": Activity}
        return {name: session.scalar(select(func.count()).select_from(record)) or 0 for name, record in counted.items()}


def _gather(
    workbench: Workbench, clock: DemoClock, *, seed: int, scale: float, today: date, progress: Progress
) -> dict[str, int]:
    """The company's people, products and pipeline, and a crowd of customers."""
    begins = today - timedelta(days=DAYS)
    diary = Diary(today)
    history = History(diary, Random(seed), currency=workbench.settings.currency, begins=begins)
    history.found()
    with workbench.session() as session:
        _refuse_where_somebody_is(session)
        diary.carry_out(session, clock, staff=history.staff)
    clock.now = moment(today, 5)
    with workbench.session() as session:
        # A transaction of millions of rows would lie in SQLite's log beside the database once more; there it is the
        # folder that appears as a whole or not at all.
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        prices = session.execute(select(Product.id, Product.name, Product.price_minor).order_by(Product.id))
        crowd = Crowd(
            begin=workbench.session if is_sqlite else lambda: nullcontext(session),
            seed=seed,
            today=today,
            n_parties=round(1_000 * scale),
            staff=list(session.scalars(select(Seller.party_id).order_by(Seller.party_id))),
            products=[(number, name, minor) for number, name, minor in prices if minor],
            stages=[(number, kind.value) for number, kind in session.execute(_STAGES)],
            progress=progress,
        )
        if not is_sqlite:
            return crowd.make()
    return crowd.make()


_STAGES = select(Stage.id, Stage.kind).order_by(Stage.position)


def _refuse_where_somebody_is(session: Session) -> None:
    if session.scalar(select(func.count()).select_from(Party)):
        raise Refused(_("This database has customers already; the demo company needs an empty one."))


def _sellers(begins: date, today: date) -> list[SellerPlan]:
    found = []
    for person in read("company")["people"]:
        if "region" not in person:
            continue
        days = person.get("since_days")
        found.append(
            SellerPlan(
                name=" ".join(person["name"]),
                region=person["region"],
                skill=person["skill"],
                pace=person["pace"],
                share=person["share"],
                joined_on=working_day(today - timedelta(days=days)) if days else begins,
            )
        )
    return found


def _share_out(rng: Random, market: list[OrganizationPlan], sellers: list[SellerPlan]) -> None:
    """Each organization has a seller of its region; who joins later takes over from those who were there."""
    for organization in market:
        own = [one for one in sellers if one.region == organization.region]
        seller = rng.choices(own, [one.share for one in own])[0]
        if organization.known_on < seller.joined_on:
            before = rng.choice([one for one in own if one.joined_on <= organization.known_on])
            organization.owners.append((organization.known_on, before.name))
            organization.owners.append((seller.joined_on, seller.name))
        else:
            organization.owners.append((organization.known_on, seller.name))
