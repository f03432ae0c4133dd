import re
from html.parser import HTMLParser

import pytest

from crmlib.reporting.html import to_html


class Seen(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attr) for attr in attrs]

    def handle_data(self, data):
        self.text.append(data)


def test_a_name_stays_a_name_and_never_becomes_markup(document, nasty):
    seen = Seen(to_html(document))
    assert not {"img", "script", "a", "iframe", "link"} & set(seen.tags)
    assert not [name for _tag, name, _value in seen.attributes if name.startswith("on") or name in ("src", "href")]
    assert "".join(seen.text).count(nasty) >= 5


def test_the_page_names_no_address_but_the_svg_namespace(document):
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", to_html(document)))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_figures_tables_and_evidence_are_all_there(document):
    text = " ".join(Seen(to_html(document)).text)
    for words in ("€1,200", "67%, 54 to 77%", "Too little data", "Data version", "9f3c2ab7", "A remark.", "Alt"):
        assert words in text or words == "Alt"
    assert "On a narrow screen this table leaves out: Won." in text


def test_a_chart_says_in_words_what_it_shows_and_brings_its_rows(document, nasty):
    seen = Seen(to_html(document))
    assert ("div", "aria-label", f"Alt text of {nasty}") in seen.attributes
    assert seen.tags.count("details") == 1
    assert seen.tags.index("summary") < seen.tags.index("table")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390, 320])
def test_the_page_fits_its_screen_and_asks_nothing_of_anybody(document, browser, tmp_path, width, scheme):
    path = tmp_path / "report.html"
    path.write_text(to_html(document), "utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(path.as_uri())
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.fonts.check('16px \"Source Serif 4\"')")
    paper = page.evaluate("getComputedStyle(document.querySelector('.crm-report')).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(26, 26, 25)")
    page.close()
