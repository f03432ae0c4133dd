import json

import pytest

from crmlib.reporting.blocks import MIME, Blocks, Heading, blocks_of


def as_notebook(*bundles):
    return {"cells": [{"cell_type": "code", "outputs": [{"data": bundle}]} for bundle in bundles]}


def test_every_block_comes_back_from_an_executed_notebook_as_it_was(document):
    bundle = json.loads(json.dumps(Blocks(*document.blocks)._repr_mimebundle_()))
    assert tuple(blocks_of(as_notebook(bundle))) == document.blocks


def test_a_notebook_shows_blocks_as_escaped_html_and_as_plain_text(document, nasty):
    bundle = Blocks(*document.blocks)._repr_mimebundle_()
    assert "<img" not in bundle["text/html"]
    assert nasty in bundle["text/plain"]


def test_other_outputs_are_left_alone_and_unknown_blocks_refused():
    assert blocks_of(as_notebook({"text/plain": "42"})) == []
    with pytest.raises(ValueError, match="no block is called 'dance'"):
        blocks_of(as_notebook({MIME: {"blocks": [{"kind": "dance"}]}}))


def test_blocks_keep_their_order_across_cells():
    bundles = [Blocks(Heading(name))._repr_mimebundle_() for name in "abc"]
    assert [block.text for block in blocks_of(as_notebook(*bundles))] == ["a", "b", "c"]
