import pytest

from crmlib.reporting.svg import clean_svg, draw, with_own_ids

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{}</svg>'


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<style>@import url(http://example.com)</style>",
        '<image href="http://example.com/x.png"/>',
        '<a href="javascript:alert(1)"><text>x</text></a>',
        "<foreignObject><body/></foreignObject>",
        '<rect onload="alert(1)" width="1" height="1"/>',
        '<rect style="background:url(http://example.com)" width="1"/>',
        '<rect fill="url(http://example.com#x)" width="1"/>',
        '<use href="#x"/>',
    ],
)
def test_nothing_that_runs_or_fetches_passes(hostile):
    cleaned = clean_svg(SVG.format(hostile))
    for word in ("alert", "script", "http://example.com", "href", "onload", "style", "foreignObject", "image"):
        assert word not in cleaned


def test_text_stays_text():
    assert "&lt;b&gt;Ștefan &amp; co&lt;/b&gt;" in clean_svg(
        SVG.format("<text x='1'>&lt;b&gt;Ștefan &amp; co&lt;/b&gt;</text>")
    )


@pytest.mark.parametrize("broken", ["<svg", "<html/>", '<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', ""])
def test_what_is_no_plain_svg_is_refused(broken):
    with pytest.raises(ValueError, match="SVG"):
        clean_svg(broken)


def test_two_pictures_on_a_page_do_not_share_ids():
    inner = '<defs><clipPath id="clip0"><rect width="1"/></clipPath></defs><g clip-path="url(#clip0)"><rect/></g>'
    kept = with_own_ids(clean_svg(SVG.format(inner)), "a-")
    assert 'id="a-clip0"' in kept
    assert "url(#a-clip0)" in kept


def test_a_drawing_keeps_its_words_and_our_fonts():
    spec = {
        "data": {"values": [{"a": "Ștefan <b>", "b": 3}]},
        "mark": "bar",
        "encoding": {"y": {"field": "a", "type": "nominal"}, "x": {"field": "b", "type": "quantitative"}},
        "config": {"font": "Inter"},
    }
    drawn = draw(spec)
    assert "Ștefan &lt;b&gt;" in drawn
    assert 'font-family="Inter"' in drawn


def test_a_chart_fetches_no_data():
    spec = {"data": {"url": "http://127.0.0.1:9/x.json"}, "mark": "point", "encoding": {}}
    with pytest.raises(ValueError, match=r"[Aa]llowed"):
        draw(spec)
