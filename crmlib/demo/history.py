"""Plans become entries of the diary: each is one action of a department, at its moment, by its actor."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from crmlib.activities import finish_activity, log_activity, plan_activity
from crmlib.base import Money
from crmlib.catalog import add_product
from crmlib.contacts import (
    Lifecycle,
    Party,
    Person,
    add_organization,
    add_person,
    assign_owner,
    edit_party,
    set_lifecycle,
)
from crmlib.demo.diary import Deed, Diary, moment, working_day
from crmlib.demo.market import OrganizationPlan, PersonPlan
from crmlib.demo.pipeline import DealPlan
from crmlib.demo.sources import read
from crmlib.demo.work import WorkPlan
from crmlib.sales import (
    add_pipeline,
    add_seller,
    edit_deal,
    lose_deal,
    move_deal,
    open_deal,
    reopen_deal,
    win_deal,
)

# By whom a customer becomes a former one: half a thousand days without an order say so.
QUIET_DAYS = 500
# The hours (UTC) at which things happen: deals begin before noon and end late, so that a day reads in order.
CLOSING_HOUR, AFTER_CLOSING = 16.0, 16.5


class History:
    """Writes the diary of one company, and remembers the numbers that its records are given."""

    def __init__(self, diary: Diary, rng: Random, *, currency: str, begins: date) -> None:
        self.diary, self.rng, self.currency, self.begins = diary, rng, currency, begins
        self.staff: dict[str, Person] = {}
        self.products: dict[str, int] = {}
        self.stages: dict[str, int] = {}

    def found(self) -> None:
        """The first morning: what is sold, the pipeline, who is there; and who joins later."""
        company = read("company")
        boss = " ".join(company["people"][0]["name"])
        first = moment(self.begins, 6)

        def begin(session: Session, _at: datetime) -> None:
            names = [str(stage["name"]) for stage in company["stages"]]
            pipeline = add_pipeline(session, name="Sales", open_stages=names)
            self.stages = {stage.name: stage.id for stage in pipeline.stages}
            for product in company["products"]:
                price = Money.of(product["price"], self.currency)
                made = add_product(session, name=product["name"], series=product["series"], price=price)
                self.products[made.name] = made.id

        self.diary.add(first, boss, begin)
        for person in company["people"]:
            days = person.get("since_days")
            joins = moment(working_day(self.diary.today - timedelta(days=days)), 6) if days else first
            self.diary.add(joins, boss, self._hiring(person))

    def meet(self, plan: OrganizationPlan) -> None:
        """An organization and its people are known from a day on; what becomes of them later."""
        owner = plan.owner_on(plan.known_on)

        def add(session: Session, at: datetime) -> None:
            made = add_organization(
                session,
                name=plan.name,
                at=at,
                email=plan.email,
                phone=plan.phone,
                parent=plan.parent.record_id if plan.parent else None,
                annual_revenue=Money.of(plan.revenue, self.currency) if plan.revenue else None,
                lifecycle=plan.lifecycle,
                owner=self.staff[owner],
                **plan.facts,
            )
            plan.record = made
            for person in plan.people:
                self._add_person(session, at, person, owner, plan)

        self.diary.add(moment(plan.known_on, self.rng.uniform(7, 15)), owner, add)
        for since, new_owner in plan.owners[1:]:
            self.diary.add(moment(since, 9), new_owner, self._hand_over(plan, new_owner))
        if plan.won_on:
            won = min(plan.won_on)
            everybody = self._everybody_becomes(plan, Lifecycle.CUSTOMER, "Won a deal")
            self.diary.add(moment(won, AFTER_CLOSING), plan.owner_on(won), everybody)
        quiet_on = max(plan.won_on, default=self.diary.today) + timedelta(days=QUIET_DAYS)
        left_on, why = (plan.left_on, "Complaint") if plan.left_on else (quiet_on, "No order for a long time")
        if plan.won_on:
            leave = self._everybody_becomes(plan, Lifecycle.FORMER, why)
            self.diary.add(moment(left_on, 15), plan.owner_on(left_on), leave)
        if self.rng.random() < 0.12:
            day = working_day(plan.known_on + timedelta(days=self.rng.randrange(30, 400)))
            self.diary.add(moment(day, self.rng.uniform(8, 15)), plan.owner_on(day), self._promotion(plan))

    def meet_alone(self, person: PersonPlan, on: date, owner: str) -> None:
        """A person without an organization: a consultant, a student, somebody from a fair."""

        def add(session: Session, at: datetime) -> None:
            self._add_person(session, at, person, owner, None)

        self.diary.add(moment(on, self.rng.uniform(8, 15)), owner, add)

    def sell(self, plan: DealPlan) -> None:
        """A deal from its opening to its end, or to today."""
        actor, hour = plan.seller.name, self.rng.uniform(7.5, 12)
        is_unpriced = self.rng.random() < 0.2 and plan.steps[-1][0] not in ("Qualified", "Needs analysis")

        def begin(session: Session, at: datetime) -> None:
            deal = open_deal(
                session,
                name=plan.name,
                at=at,
                party=plan.organization.record_id,
                owner=self.staff[actor],
                product=self.products[plan.product],
                stage=self.stages[plan.steps[0][0]],
                amount=None if is_unpriced else Money.of(plan.amount, self.currency),
                expected_close_on=plan.expected_on,
            )
            plan.record_id = deal.id

        self.diary.add(moment(plan.opened_on, hour), actor, begin)
        for stage, day in plan.steps[1:]:
            self.diary.add(moment(day, hour), actor, self._step(plan, stage, day))
        if plan.closed_on is not None:
            self.diary.add(moment(plan.closed_on, CLOSING_HOUR), actor, self._close(plan, plan.ends))
        if plan.reopened_on is not None:
            self.diary.add(moment(plan.reopened_on, hour), actor, self._reopen(plan))
        if plan.closed_again_on is not None:
            self.diary.add(moment(plan.closed_again_on, CLOSING_HOUR), actor, self._close(plan, plan.ends_again))

    def work(self, plan: WorkPlan) -> None:
        """An activity: done at once, done as it was planned, or still to be done."""
        if plan.due_on is not None:
            due = moment(plan.due_on, 7 + round(plan.hour * 4) % 32 / 4)
            self.diary.add(moment(plan.day, plan.hour), plan.seller, self._planning(plan, due))
        elif plan.planned_on is not None and plan.planned_on < plan.day:
            made: list[int] = []
            takes_place = moment(plan.day, round(plan.hour * 4) / 4)
            planning = self._planning(plan, takes_place, made)
            self.diary.add(moment(plan.planned_on, 12.5 + plan.hour % 3), plan.seller, planning)
            ended = takes_place + timedelta(minutes=plan.minutes + 10)
            self.diary.add(
                ended, plan.seller, lambda session, at: finish_activity(session, made[0], at=at, outcome=plan.outcome)
            )
        else:
            self.diary.add(moment(plan.day, plan.hour), plan.seller, self._logging(plan))

    def _hiring(self, about: dict[str, Any]) -> Deed:
        def hire(session: Session, at: datetime) -> None:
            given, *family = about["name"]
            local = ".".join(part.casefold() for part in about["name"]).replace("é", "e")
            person = add_person(
                session,
                given_name=given,
                family_name=family[0] if family else None,
                at=at,
                email=f"{local}@{read('company')['domain']}",
                lifecycle=Lifecycle.COLLEAGUE,
                job_title=about["title"],
            )
            self.staff[person.name] = person
            manager = self.staff[about["manager"]] if "manager" in about else None
            add_seller(session, person, manager=manager, region=about.get("region"))

        return hire

    def _add_person(
        self, session: Session, at: datetime, plan: PersonPlan, owner: str, employer: OrganizationPlan | None
    ) -> None:
        # People of a partner are with a partner; whoever wants to buy is a prospect until then.
        lifecycle = employer.lifecycle if employer else Lifecycle.PROSPECT
        person = add_person(
            session,
            given_name=plan.given_name,
            family_name=plan.family_name,
            at=at,
            email=plan.email,
            phone=plan.phone,
            organization=employer.record_id if employer else None,
            lifecycle=lifecycle,
            owner=self.staff[owner],
            job_title=plan.job_title,
            source=employer.source if employer else "event",
            **plan.facts,
        )
        plan.record = person

    def _hand_over(self, plan: OrganizationPlan, owner: str) -> Deed:
        def hand_over(session: Session, at: datetime) -> None:
            for party in (plan.record_id, *(person.record_id for person in plan.people)):
                assign_owner(session, party, self.staff[owner], at=at)

        return hand_over

    def _everybody_becomes(self, plan: OrganizationPlan, lifecycle: Lifecycle, reason: str) -> Deed:
        def become(session: Session, at: datetime) -> None:
            for party in (plan.record_id, *(person.record_id for person in plan.people)):
                set_lifecycle(session, party, lifecycle, at=at, reason=reason)

        return become

    def _promotion(self, plan: OrganizationPlan) -> Deed:
        person = self.rng.choice(plan.people)
        title = f"Deputy {person.job_title}" if self.rng.random() < 0.4 else "Managing Director"

        def promote(session: Session, at: datetime) -> None:
            edit_party(session, person.record_id, {"job_title": title}, at=at)

        return promote

    def _step(self, plan: DealPlan, stage: str, day: date) -> Deed:
        # With the offer, the price is known, and the day it was hoped for is thought over.
        later = working_day(day + timedelta(days=self.rng.randrange(20, 50))) if self.rng.random() < 0.5 else None

        def step(session: Session, at: datetime) -> None:
            deal = move_deal(session, plan.record_id, self.stages[stage], at=at)
            if stage == "Offer sent":
                typed: dict[str, Any] = {}
                if deal.amount is None:
                    typed["amount"] = str(plan.amount)
                if later and deal.expected_close_on and deal.expected_close_on < later:
                    typed["expected_close_on"] = later.isoformat()
                edit_deal(session, deal, typed, currency=self.currency)

        return step

    def _close(self, plan: DealPlan, ends: str) -> Deed:
        def close(session: Session, at: datetime) -> None:
            if ends == "lost":
                lose_deal(session, plan.record_id, reason=plan.reason or "other", at=at)
                return
            if plan.final_amount != plan.amount:
                edit_deal(session, plan.record_id, {"amount": str(plan.final_amount)}, currency=self.currency)
            win_deal(session, plan.record_id, at=at)

        return close

    def _reopen(self, plan: DealPlan) -> Deed:
        def reopen(session: Session, at: datetime) -> None:
            deal = reopen_deal(session, plan.record_id, at=at)
            expected = working_day(at.date() + timedelta(days=45))
            edit_deal(session, deal, {"expected_close_on": expected.isoformat()})

        return reopen

    def _logging(self, plan: WorkPlan) -> Deed:
        def log(session: Session, at: datetime) -> None:
            starts_at = at - timedelta(minutes=plan.minutes) if plan.minutes else None
            log_activity(
                session,
                plan.kind,
                subject=plan.subject,
                body=plan.body,
                with_parties=_parties(plan),
                by=self.staff[plan.seller],
                about=_about(plan),
                outcome=plan.outcome,
                starts_at=starts_at,
                at=at,
            )

        return log

    def _planning(self, plan: WorkPlan, due: datetime, made: list[int] | None = None) -> Deed:
        takes_time = bool(plan.minutes)

        def write_down(session: Session, at: datetime) -> None:
            activity = plan_activity(
                session,
                plan.kind,
                subject=plan.subject,
                body=plan.body,
                due_at=due,
                with_parties=_parties(plan),
                assignee=self.staff[plan.seller],
                about=_about(plan),
                starts_at=due if takes_time else None,
                ends_at=due + timedelta(minutes=plan.minutes) if takes_time else None,
                at=at,
            )
            if made is not None:
                made.append(activity.id)

        return write_down


def _parties(plan: WorkPlan) -> list[Party]:
    # The records themselves, though their session has forgotten them: that saves looking them up again.
    parties = (plan.organization.people[plan.contact].record, plan.organization.record)
    return [party for party in parties if party is not None]


def _about(plan: WorkPlan) -> list[tuple[str, int]]:
    return [("deal", plan.deal.record_id)] if plan.deal else []
