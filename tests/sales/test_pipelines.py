from datetime import timedelta

import pytest

from crmlib import filters
from crmlib.base import Conflict, InvalidInput, InvalidTransition, Refused
from crmlib.sales import LOST_REASONS, StageKind


def names(workbench, pipeline):
    columns = workbench.sales.board(pipeline.id, closed_since=workbench.today())
    return [column["stage"] for column in columns]


def test_stages_are_added_renamed_and_put_in_order(workbench, pipeline):
    demo = workbench.sales.add_stage(pipeline.id, name="Demo", position=1, probability="40", target_days=14)
    workbench.sales.add_stage(pipeline.id, name="Contract", canonical="commitment")
    assert names(workbench, pipeline) == [
        "Qualified", "Demo", "Needs analysis", "Offer sent", "Negotiation", "Contract", "Won", "Lost",
    ]  # fmt: skip
    assert (demo.probability, demo.target_days) == (40, 14)
    workbench.sales.edit_stage(demo.id, {"name": "Show", "probability": 45}, was={"name": "Demo", "probability": 40})
    with pytest.raises(Conflict) as refused:
        workbench.sales.edit_stage(demo.id, {"name": "Look"}, was={"name": "Demo"})
    assert (refused.value.mine, refused.value.theirs) == ({"name": "Look"}, {"name": "Show"})
    with pytest.raises(Refused, match="called “Won” already"):
        workbench.sales.edit_stage(demo.id, {"name": "Won"})
    with pytest.raises(InvalidInput, match="100 is the most"):
        workbench.sales.edit_stage(demo.id, {"probability": 101})
    numbers = [column["stage_id"] for column in workbench.sales.board(pipeline.id, closed_since=workbench.today())]
    workbench.sales.reorder_stages(pipeline.id, [numbers[1], numbers[0], *numbers[2:]])
    assert names(workbench, pipeline)[:2] == ["Show", "Qualified"]
    with pytest.raises(InvalidInput, match="every stage"):
        workbench.sales.reorder_stages(pipeline.id, numbers[1:])
    with pytest.raises(InvalidInput, match="come last"):
        workbench.sales.reorder_stages(pipeline.id, [numbers[-1], *numbers[:-1]])


def test_a_stage_with_deals_does_not_vanish(workbench, pipeline, make_deal):
    first, second, won = pipeline.stages[0], pipeline.stages[1], pipeline.stages[-2]
    deal = make_deal()
    with pytest.raises(Refused, match="1 deal is still in Qualified"):
        workbench.sales.archive_stage(first.id)
    with pytest.raises(InvalidTransition, match="same kind"):
        workbench.sales.archive_stage(first.id, move_to=won.id)
    with pytest.raises(Refused, match="last stage of its kind"):
        workbench.sales.archive_stage(won.id)
    workbench.sales.archive_stage(first.id, move_to=second.id)
    card = workbench.sales.deal_card(deal.id)
    assert [event.stage.name for event in card.stage_events] == ["Qualified", "Needs analysis"]
    assert "Qualified" not in names(workbench, pipeline)
    with pytest.raises(InvalidTransition, match="archived"):
        workbench.sales.move_deal(deal.id, first.id)
    assert make_deal().stage_id == second.id
    workbench.sales.restore_stage(first.id)
    assert names(workbench, pipeline)[0] == "Qualified"


def test_a_deal_goes_on_in_another_pipeline_where_it_stands_for_the_same(workbench, pipeline, make_deal, told):
    firm = workbench.contacts.add_organization(name="Acme")
    service = workbench.sales.add_pipeline(name="Service", open_stages=["Asked", "Bid", "Nearly"])
    workbench.sales.edit_stage(pipeline.stages[2].id, {"canonical": "offer"})
    workbench.sales.edit_stage(service.stages[1].id, {"canonical": "offer"})
    deal = make_deal(party=firm.id, stage=pipeline.stages[2].id)
    moved = workbench.sales.change_pipeline(deal.id, service.id)
    assert (moved.stage.name, "Sensors moved to Bid of Service" in told(firm.id)) == ("Bid", True)
    with pytest.raises(InvalidTransition, match="in this pipeline already"):
        workbench.sales.change_pipeline(deal.id, service.id)
    with pytest.raises(InvalidTransition, match="does not fit"):
        workbench.sales.change_pipeline(deal.id, pipeline.id, stage=pipeline.stages[-1].id)
    last = make_deal(stage=pipeline.stages[3].id)
    assert workbench.sales.change_pipeline(last.id, service.id).stage.name == "Nearly"
    won = make_deal()
    workbench.sales.win_deal(won.id)
    assert workbench.sales.change_pipeline(won.id, service.id).stage.kind is StageKind.WON


def test_an_archived_pipeline_hands_its_deals_on_and_takes_none(workbench, pipeline, make_deal):
    service = workbench.sales.add_pipeline(name="Service")
    deal = make_deal()
    with pytest.raises(Refused, match="1 deal is still"):
        workbench.sales.archive_pipeline(pipeline.id)
    workbench.sales.archive_pipeline(pipeline.id, move_to=service.id)
    assert workbench.sales.deal_card(deal.id).stage.pipeline.name == "Service"
    assert [one["pipeline"] for one in workbench.sales.pipelines()] == ["Service"]
    assert [one["pipeline"] for one in workbench.sales.pipelines(archived=True)] == ["Instruments"]
    assert {one["pipeline"] for one in workbench.sales.open_stages()} == {"Service"}
    assert make_deal().stage.pipeline.name == "Service"
    with pytest.raises(InvalidTransition, match="archived"):
        make_deal(stage=pipeline.stages[0].id)
    workbench.sales.restore_pipeline(pipeline.id)
    assert len(workbench.sales.pipelines()) == 2


def test_a_pipeline_is_renamed_unless_the_name_is_taken(workbench, pipeline):
    workbench.sales.add_pipeline(name="Service")
    with pytest.raises(Refused, match="already"):
        workbench.sales.rename_pipeline(pipeline.id, "Service")
    assert workbench.sales.rename_pipeline(pipeline.id, "Devices", was="Instruments").name == "Devices"
    with pytest.raises(Conflict, match="Devices"):
        workbench.sales.rename_pipeline(pipeline.id, "Tools", was="Instruments")


def test_reasons_for_losing_are_a_list_that_people_edit(workbench, make_deal):
    assert [one["word"] for one in workbench.sales.lost_reasons()] == [word for word, _label in LOST_REASONS]
    workbench.sales.add_lost_reason("Merged with a rival")
    workbench.sales.rename_lost_reason("price", "Too dear", was="Price")
    workbench.sales.archive_lost_reason("other")
    kept = {one["word"]: one["label"] for one in workbench.sales.lost_reasons()}
    assert (kept["merged with a rival"], kept["price"], "other" in kept) == ("Merged with a rival", "Too dear", False)
    with pytest.raises(Refused, match="already"):
        workbench.sales.add_lost_reason("merged with a rival")
    with pytest.raises(Conflict):
        workbench.sales.rename_lost_reason("price", "Cheaper", was="Price")
    workbench.sales.add_lost_reason("Other")
    assert workbench.sales.lost_reasons()[-2]["word"] == "other"
    deal = make_deal()
    lost = workbench.sales.lose_deal(deal.id, reason="merged with a rival", competitor="Rival Ltd")
    assert workbench.sales.deal_card(lost.id).lost_reason == "merged with a rival"
    # A word or a label of the list, in whatever case, is the word; other words are kept as they are; so in filters.
    others = [
        workbench.sales.lose_deal(make_deal(name=reason).id, reason=reason).lost_reason
        for reason in ("TOO DEAR", "Merged with a Rival", "Their dog ate it")
    ]
    assert others == ["price", "merged with a rival", "Their dog ate it"]
    for asked, found in (("too dear", ["TOO DEAR"]), ("Their dog ate it", ["Their dog ate it"])):
        assert workbench.deals(f'lost_reason == "{asked}"')["deal"].tolist() == found
    assert workbench.sales.lost_reason_labels()["merged with a rival"] == "Merged with a rival"
    with workbench.reading() as session:
        assert dict(filters.catalogue(session, "deal")["lost_reason"].choices)["price"] == "Too dear"


def test_a_deal_is_stale_after_the_target_days_of_its_stage(workbench, pipeline, make_deal, clock):
    workbench.sales.edit_stage(pipeline.stages[0].id, {"target_days": 10})
    slow = make_deal(name="Slow")
    clock.advance(days=4)
    make_deal(name="Fresh")
    clock.advance(days=7)
    make_deal(name="Elsewhere", stage=pipeline.stages[1].id)
    found = workbench.sales.stale_deals()
    assert [(one["deal"], one["stale_days"], one["target_days"]) for one in found] == [("Slow", 11, 10)]
    clock.advance(days=30)
    assert [one["deal"] for one in workbench.sales.stale_deals(days=20)] == ["Slow", "Fresh", "Elsewhere"]
    workbench.sales.move_deal(slow.id, pipeline.stages[2].id)
    assert "Slow" not in [one["deal"] for one in workbench.sales.stale_deals(days=20)]
    assert workbench.sales.stale_deals(at=clock.now - timedelta(days=100)) == []
