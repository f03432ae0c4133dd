"""The sales review section by section."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmlib.analytics import SMALLEST, compare_with_rest, quantile_days
from crmlib.i18n import format_date
from crmlib.i18n import gettext as _
from crmlib.reporting.blocks import Action, Actions, Block, Blocks, Cover, Figures, Heading, Note, Prose, Terms
from crmlib.reporting.sales_review import pictures, sentences, tables
from crmlib.reporting.sales_review.actions import actions, closing_months, stale_deals
from crmlib.reporting.sales_review.facts import Facts, rows_of
from crmlib.reporting.words import count, listed, n_days, n_deals, percent


@dataclass(frozen=True)
class SalesReview:
    """One review; `facts` holds its frames for an analyst who wants to look further.

    `asked` are the parameters as they were understood, `why_as_of` says why the records are read as of their day.
    """

    facts: Facts
    organization: str
    asked: Mapping[str, Any]
    data_version: int
    why_as_of: str = ""

    def summary(self) -> Blocks:
        """The first page: the finding, the figures, what to act on, and the revenue by month."""
        quarter = self.facts.quarter
        if quarter is None:
            return Blocks(self._cover(_("Nothing closed yet"), self._nothing()), *self._first_steps())
        cover = self._cover(sentences.title(self.facts, quarter), sentences.lead(self.facts, quarter))
        return Blocks(
            cover,
            Figures(sentences.figures(self.facts, quarter)),
            *self._to_act_on(),
            *([pictures.won_by_month(self.facts)] if len(self.facts.months) else []),
        )

    def trend(self) -> Blocks:
        """Quarter by quarter, and the win rate by month."""
        quarter = self.facts.quarter
        if quarter is None:
            return Blocks()
        blocks: list[Block] = [Heading(_("Quarter by quarter"))]
        blocks.append(tables.quarter_table(self.facts, quarter))
        if len(self.facts.months) and self.facts.months["enough"].sum() >= 2:
            blocks.append(pictures.rate_by_month(self.facts))
            row = closing_months(self.facts)
            if row is not None:
                blocks.append(
                    Prose(
                        _(
                            "The last month of a quarter differs: {rate} of its closed deals were won, in the other "
                            "months {rest}, over the twelve months to {day}."
                        ).format(
                            rate=percent(row["win_rate"]),
                            rest=percent(row["rest_rate"]),
                            day=format_date(quarter.end),
                        )
                    )
                )
        return Blocks(*blocks)

    def stages(self) -> Blocks:
        """Won, lost and open by stage, and where deals stop."""
        if self.facts.deals.empty:
            return Blocks()
        status = self.facts.deals["status"].astype("str").value_counts()
        n_won, n_lost, n_open = (int(status.get(name, 0)) for name in ("won", "lost", "open"))
        told = _("Of {deals} on record, {won} were won, {lost} lost, and {open} are open").format(
            deals=n_deals(len(self.facts.deals)), won=count(n_won), lost=count(n_lost), open=count(n_open)
        )
        by_stage = self.facts.open.groupby(["stage_position", "stage"], sort=True).size().reset_index(name="n")
        where = listed([_("{n} in {stage}").format(n=count(row.n), stage=row.stage) for row in rows_of(by_stage)])
        blocks: list[Block] = [Heading(_("Where deals stand")), Prose(f"{told}: {where}." if where else f"{told}.")]
        if len(self.facts.stages):
            blocks.append(pictures.stages(self.facts))
            if (self.facts.stages["n_dated"] < self.facts.stages["n_entered"]).any():
                blocks.append(
                    Note(_("Where the records do not say when a deal entered a stage, it is counted in the bars only."))
                )
            if sorted(by_stage["n"]) != sorted(self.facts.stages.loc[self.facts.stages["n_open"] > 0, "n_open"]):
                blocks.append(
                    Note(
                        _(
                            "A bar counts each deal once, from its first entry into the stage; one that stepped back "
                            "is still open in both, so the bars can differ from where deals stand now."
                        )
                    )
                )
        if (reasons := tables.reason_table(self.facts)) is not None:
            blocks += [Heading(_("Why deals were lost")), reasons]
        return Blocks(*blocks)

    def time_to_close(self) -> Blocks:
        """How long deals take, those still open counted as open."""
        facts = self.facts
        if facts.quarter is None:
            return Blocks()
        head = Heading(_("How long deals take"))
        if len(facts.dated) < SMALLEST or not facts.dated["ended"].any():
            return Blocks(head, Prose(_("Too little data: {deals} with an opening day, or none closed.").format(
                deals=n_deals(len(facts.dated))
            )))  # fmt: skip
        blocks: list[Block] = [head, Prose(self._how_long()), pictures.time_to_close(facts)]
        if note := sentences.truncation_note(facts):
            blocks.append(Note(note))
        blocks.append(pictures.outcomes(facts))
        blocks.append(tables.outcome_table(facts, pictures.told_days(facts)))
        return Blocks(*blocks)

    def sellers(self) -> Blocks:
        """What each seller closed in the quarter."""
        return self._grouped("owner", _("By seller"), _("Seller"), _("No seller"), _("No seller's"))

    def regions(self) -> Blocks:
        """What each region closed in the quarter."""
        return self._grouped("region", _("By region"), _("Region"), _("No region"), _("No region's"))

    def products(self) -> Blocks:
        """What was closed of each product in the quarter."""
        return self._grouped("product", _("By product"), _("Product"), _("No product"), _("No product's"))

    def notes(self) -> Blocks:
        """What the words mean here, and what to know about the records."""
        facts = self.facts
        if facts.quarter is None:
            return Blocks()
        about = [*([self.why_as_of] if self.why_as_of else []), *sentences.notes(facts)]
        blocks: list[Block] = [Heading(_("Notes"))]
        if about:
            blocks.append(Prose(" ".join(about)))
        return Blocks(*blocks, Terms(sentences.glossary(facts)))

    def _grouped(self, by: str, head: str, label: str, missing: str, nobody: str) -> Blocks:
        if self.facts.quarter is None or self.facts.in_quarter.empty:
            return Blocks()
        if self.facts.twelve_months[by].nunique(dropna=False) < 2:  # nothing to set side by side
            return Blocks()
        return Blocks(
            Heading(head), Prose(self._differences(by, nobody)), tables.group_table(self.facts, by, label, missing)
        )

    def _differences(self, by: str, nobody: str) -> str:
        compared = compare_with_rest(self.facts.twelve_months, by, level=self.facts.claim_level)
        named = compared[compared[by].notna()]
        tested = named[named["verdict"] != "too little data"]
        if len(tested) < 2:
            return _("There is too little data to compare win rates.")
        told = []
        for verdict, words in (
            ("higher", _("{names} won clearly more of their deals than the rest.")),
            ("lower", _("{names} won clearly fewer of their deals than the rest.")),
        ):
            of = tested[tested["verdict"] == verdict]
            if len(of):
                names = [f"{row[by]} ({percent(row['win_rate'])})" for _at, row in of.iterrows()]
                told.append(words.format(names=listed(names)))
        if told:
            return _("Over twelve months:") + " " + " ".join(told) + " " + _(
                "The other differences are no larger than chance makes them."
            )  # fmt: skip
        return _(
            "{nobody} win rate over twelve months ({low} to {high}) stands out from the rest beyond what chance "
            "could do. That does not make them equal: there may be too few deals to tell."
        ).format(nobody=nobody, low=percent(tested["win_rate"].min()), high=percent(tested["win_rate"].max()))

    def _how_long(self) -> str:
        facts = self.facts
        median, _low, _high = quantile_days(facts.open_curve)
        ended = facts.dated.loc[facts.dated["ended"], "duration_days"]
        told = []
        if median == median:
            told.append(
                _("Half of all deals close within {days}. Looking at closed deals alone would say {naive}.").format(
                    days=n_days(median), naive=n_days(float(ended.median()))
                )
            )
        else:
            told.append(_("Fewer than half of all deals have closed so far."))
        stale, most, oldest = stale_deals(facts)
        if len(stale):
            told.append(
                _(
                    "Of the deals that closed, 95 of 100 took at most {most} and none more than {oldest}; "
                    "{n} open ones are older than {most}."
                ).format(oldest=n_days(oldest), most=n_days(most), n=count(len(stale)))
            )
        return " ".join(told)

    def _to_act_on(self) -> list[Block]:
        found = actions(self.facts)
        if not found:
            return [Prose(_("Nothing stands out this quarter: no finding below goes beyond what chance would do."))]
        return [Actions(_("What to act on"), tuple(found))]

    def _cover(self, title: str, lead: str) -> Cover:
        quarter = self.facts.quarter
        subject = _("Sales review") if quarter is None else _("Sales review, {quarter}").format(quarter=quarter.name)
        if scope := [str(self.asked[key]) for key in ("seller", "region", "pipeline") if self.asked.get(key)]:
            subject += ": " + ", ".join(scope)
        return Cover(self.organization, subject, title, lead, dict(self.asked), self.data_version)

    def _nothing(self) -> str:
        n_open = len(self.facts.open)
        if n_open:
            return _("{deals} are open; a review needs some that were won or lost.").format(deals=n_deals(n_open))
        return _("There are no deals here yet, so there is nothing to review.")

    def _first_steps(self) -> list[Block]:
        if len(self.facts.open):
            first = Action(_("Close what is decided."), _("Move deals that were won or lost to their last stage."))
        else:
            first = Action(_("Enter or import deals."), _("“crm import” takes those of another system over."))
        return [Actions(_("What to do first"), (first,))]
