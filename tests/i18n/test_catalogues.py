"""The languages are complete, and pages, figures and errors speak them."""

import re
from datetime import date
from decimal import Decimal
from io import BytesIO
from string import Formatter

import pytest

from crmlib.base import InvalidInput
from crmlib.contacts import Lifecycle, add_person
from crmlib.contacts.reach import normalise_email
from crmlib.i18n import (
    available_locales,
    extractors,
    format_date,
    format_money,
    format_percent,
    gettext,
    ngettext,
    use_locale,
    vue,
)
from crmlib.i18n.collect import CHECKOUT, LOCALE_FOLDER, TEMPLATE, collected, read_catalogue, untranslated, written
from widgets.contacts.customers import CustomersModel
from widgets.desk.quick_add import QuickAddModel
from widgets.shared import ui

WIDGETS = CHECKOUT / "widgets"
LANGUAGES = [code for code in available_locales() if code != "en"]
# Forms that a language counts with: one; few and zero; many with "de".
PLURALS = {"id": 1, "ro": 3}


def messages_of(language):
    return read_catalogue(LOCALE_FOLDER / language / "LC_MESSAGES" / "crm.po", language)


def forms_of(message):
    return [message.string] if isinstance(message.string, str) else list(message.string)


def placeholders(text):
    return sorted(
        {f"{{{name}{':' + spec if spec else ''}}}" for _text, name, spec, _conv in Formatter().parse(text) if name}
    )


@pytest.fixture(scope="module")
def sources():
    return collected()


def test_indonesian_and_romanian_are_spoken():
    assert available_locales() == ["en", "id", "ro"]


def test_the_template_lists_every_sentence_of_the_sources(sources):
    assert TEMPLATE.read_bytes() == written(sources), "run `make messages`, and translate what is new"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_none_by_a_guess(language, sources):
    catalogue = messages_of(language)
    assert {message.id for message in catalogue} == {message.id for message in sources}
    assert untranslated(catalogue) == []
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_puts_in_exactly_what_its_sentence_does(language):
    wrong = []
    for message in messages_of(language):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for form in forms_of(message) if message.id else []:
            # "One won deal" need not say the 1, so a form for one may leave out what only the others say.
            first = not isinstance(message.id, str) and form == forms_of(message)[0] and len(forms_of(message)) > 1
            wanted = placeholders(message.id[0] if first else source)
            if placeholders(form) != wanted:
                wrong.append((source, form))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_ends_as_its_sentence_does(language):
    ends = ".:…?"
    wrong = [
        (message.id, message.string)
        for message in messages_of(language)
        if message.id and isinstance(message.id, str) and message.string
        if (message.id[-1] if message.id[-1] in ends else "")
        != (message.string[-1] if message.string[-1] in ends else "")
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_plural_forms_that_it_counts_with(language):
    catalogue = messages_of(language)
    assert catalogue.num_plurals == PLURALS[language]
    counted = [message for message in catalogue if not isinstance(message.id, str)]
    assert counted
    assert {len(message.string) for message in counted} == {PLURALS[language]}


def test_romanian_counts_with_de_from_twenty_on():
    with use_locale("ro"):
        said = [ngettext("{n} day", "{n} days", n).format(n=n) for n in (1, 0, 2, 19, 20, 69, 101, 120)]
    assert said == ["1 zi", "0 zile", "2 zile", "19 zile", "20 de zile", "69 de zile", "101 zile", "120 de zile"]


def test_indonesian_counts_all_alike():
    with use_locale("id"):
        assert [ngettext("{n} day", "{n} days", n).format(n=n) for n in (1, 5)] == ["1 hari", "5 hari"]


def test_romanian_is_written_with_commas_below_and_its_own_quotation_marks():
    text = (LOCALE_FOLDER / "ro" / "LC_MESSAGES" / "crm.po").read_text("utf-8")
    assert not re.search("[şţŞŢ]", text), "ş and ţ with a cedilla are not Romanian letters"
    for message in messages_of("ro"):
        for form in forms_of(message) if message.id else []:
            assert "“" not in form, form
            assert form.count("„") == form.count("”"), form


def test_a_country_variant_speaks_its_language():
    with use_locale("ro_RO"):
        assert gettext("Customers") == "Clienți"


def test_nothing_stays_nothing_in_every_language():
    with use_locale("ro"):
        assert gettext("") == ""


@pytest.mark.parametrize(
    ("language", "money", "percent", "day"),
    [("ro", "24.900,00 EUR", "31 %", "12 nov. 2026"), ("id", "€24.900,00", "31%", "12 Nov 2026")],
)
def test_figures_follow_the_language(language, money, percent, day):
    with use_locale(language):
        said = (format_money(Decimal(24900), "EUR"), format_percent(0.31), format_date(date(2026, 11, 12)))
    assert [text.replace("\u00a0", " ") for text in said] == [money, percent, day]


@pytest.mark.parametrize(
    ("language", "says"),
    [("ro", "E-mail, „ana”: o adresă conține un @"), ("id", "Email, “ana”: alamat memuat satu @")],
)
def test_a_refusal_is_told_in_the_readers_language(language, says):
    with use_locale(language), pytest.raises(InvalidInput, match=says):
        normalise_email("ana")


@pytest.mark.parametrize(
    ("language", "tabs", "add"),
    [("ro", ["Toate", "Client"], "Adaugă persoană"), ("id", ["Semua", "Pelanggan"], "Tambah orang")],
)
def test_a_page_shows_its_readers_words(workbench, language, tabs, add):
    with workbench.session() as session:
        add_person(session, given_name="Suparman", lifecycle=Lifecycle.CUSTOMER, at=workbench.now())
    with use_locale(language):
        list_, adding = CustomersModel(workbench), QuickAddModel(workbench)
        list_.show({})
        adding.prepare()
        assert [tab["label"] for tab in list_.tabs] == tabs
        assert list_.rows[0]["lifecycle"]["label"] == tabs[1]
        assert adding.forms[0]["button"] == add


@pytest.mark.parametrize("file", sorted(WIDGETS.rglob("*.vue")), ids=lambda file: file.stem)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_holds_every_sentence_in_the_readers_language(language, file):
    source = file.read_text("utf-8")
    asked = [vue.message_of(found) for found in vue.WORD.finditer(source)]
    assert asked
    with use_locale(language):
        shown = ui.prepare(source, file.name)
        assert [text for text in map(gettext, asked) if ui._literal(text) not in shown] == []


def test_sentences_are_found_in_python_templates_and_notebooks_wherever_they_stand():
    python = b'x = f"{escape(_(\'In an f-string\'))}"\ny = ngettext("{n} day",\n  "{n} days", n)\nz = other("not this")'
    found = extractors.python(BytesIO(python), {"_", "ngettext"}, (), options={})
    assert {text for _line, _function, text, _comments in found} == {"In an f-string", ("{n} day", "{n} days")}
    template = b"<b :title=\"t('It\\'s here')\">{{ t(\"Add\") }}</b> {{ format('no') }}"
    found = vue.extract(BytesIO(template), (), (), {})
    assert [text for _line, _function, text, _comments in found] == ["It's here", "Add"]
    notebook = (
        b'{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# Sales\\n", "\\n", "What was\\n", "won."]},'
        b' {"cell_type": "code", "metadata": {"tags": ["parameters"]},'
        b' "source": ["month: str = \\"\\"  # Month [past YYYY-MM]; empty takes the last"]}]}'
    )
    found = extractors.report(BytesIO(notebook), (), (), options={})
    assert [text for _line, _function, text, _comments in found] == [
        "Sales",
        "What was won.",
        "Month; empty takes the last",
    ]
