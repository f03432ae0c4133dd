"""What views stand on: sentences in templates, the page's address, refusals in words."""

from datetime import date

import pytest

from crmlib.base.errors import InvalidInput, Refused
from crmlib.i18n import use_locale
from widgets.shared import View, errors_shown_in, page_request
from widgets.shared.ui import prepare


def test_a_sentence_becomes_a_plain_string_of_the_script():
    made = prepare("""<template><b :title="t('It\\'s')">{{ t("Add <person>") }}</b></template>""")
    assert """:title="'It\\x27s'\"""" in made
    assert "{{ 'Add \\x3cperson\\x3e' }}" in made


def test_only_plain_sentences_are_taken():
    with pytest.raises(ValueError, match=r"board\.vue, line 2: t\(…\) takes one plain string"):
        prepare("<template>\n{{ t(name) }}</template>", "board.vue")


def test_other_functions_ending_in_t_are_left_alone():
    made = prepare("<template>{{ format('x') }} {{ this.t('y') }}</template>")
    assert "format('x')" in made
    assert "this.t('y')" in made


def test_the_own_script_is_kept_beside_ours():
    made = prepare("<template><i/></template>\n<script>\nexport default { data() { return { n: 1 } } }\n</script>")
    assert "const own = { data() { return { n: 1 } } };" in made
    assert "export default { mixins: [crmView, own] };" in made


def test_templates_speak_the_language_of_the_reader(tmp_path):
    (tmp_path / "x.vue").write_text("<template>{{ t('Reload') }}</template>", "utf-8")

    class X(View):
        template_file = (str(tmp_path / "x.py"), "x.vue")

    with use_locale("en"):
        assert "'Reload'" in X().template.template


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", {}),
        ("view=party&id=12", {"view": "party", "id": 12}),
        ("id=1&id=2&other=x", {"id": 2}),
        ("open=yes&on=2026-07-01", {"open": True, "on": date(2026, 7, 1)}),
    ],
)
def test_an_address_is_read_checked_and_typed(monkeypatch, address, expected):
    monkeypatch.setenv("QUERY_STRING", address)
    assert page_request(view=str, id=int, open=bool, on=date) == expected


@pytest.mark.parametrize("address", ["id=twelve", "id=1e3", "id=", "id=9999999999999999999", "open=maybe", "on=july"])
def test_a_wrong_address_is_told_kindly(monkeypatch, address):
    monkeypatch.setenv("QUERY_STRING", address + "&x=")
    if address == "id=":  # an empty parameter is none
        assert page_request(id=int) == {}
        return
    with pytest.raises(InvalidInput):
        page_request(id=int, open=bool, on=date)


def test_a_refusal_becomes_the_message_and_a_bug_goes_on_up():
    class Model:
        message = ""

    model = Model()
    with errors_shown_in(model):
        raise Refused("The deal is already won.")
    assert model.message == "The deal is already won."
    with pytest.raises(ZeroDivisionError), errors_shown_in(model):
        raise ZeroDivisionError
