"""What columns mean; the expected mappings of other systems' exports are written down in `data/`."""

import json
import tarfile
import tomllib
from pathlib import Path

import pytest

from crmlib.exchange import open_table
from crmlib.exchange.guessing import find_system, guess, guess_table
from crmlib.exchange.mapping import Mapping
from crmlib.exchange.matching import match_key

EXPECTED = json.loads((Path(__file__).parent / "data" / "expected_mappings.json").read_text("utf-8"))
WORDS = tomllib.loads((Path(__file__).parents[2] / "crmlib" / "exchange" / "header_words.toml").read_text("utf-8"))


def targets(*columns, **values):
    return [one.short for one in guess(columns, values).columns]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_exports_of_other_systems_are_mapped_as_written_down(name, real_data, tmp_path):
    with tarfile.open(real_data / "crm_export_headers_visible.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    mapping = guess_table(open_table(next(tmp_path.rglob(name))))
    assert mapping.system == EXPECTED[name]["system"]
    assert list(mapping.kinds) == EXPECTED[name]["kinds"]
    assert {one.column: one.short for one in mapping.columns} == EXPECTED[name]["columns"]


def test_every_header_row_that_was_found_is_written_down(real_data):
    with tarfile.open(real_data / "crm_export_headers_visible.tar.gz") as packed:
        found = {Path(member.name).name for member in packed if member.name.endswith(".csv")}
    assert found == set(EXPECTED)


def test_no_word_stands_under_two_concepts():
    seen = {}
    for language, concepts in WORDS.items():
        for concept, words in concepts.items() if language != "qualifiers" else ():
            for word in words:
                assert seen.setdefault(match_key(word), concept) == concept, (language, word)
    assert len(WORDS) == 11  # ten languages, and the qualifiers


@pytest.mark.parametrize(
    "columns",
    [
        ("Vorname", "Nachname", "E-Mail-Adresse", "Handy", "Firma", "PLZ", "Ort"),
        ("NOMBRE", "Apellidos", "Correo electrónico", "Móvil", "Empresa", "Código postal", "Ciudad"),
        ("Prénom", "Nom", "Courriel", "Portable", "Société", "Code postal", "Ville"),
        ("Primeiro nome", "Sobrenome", "E-mail", "Celular", "Empresa", "CEP", "Cidade"),
        ("Nome", "Cognome", "Posta elettronica", "Cellulare", "Azienda", "CAP", "Città"),
        ("voornaam", "achternaam", "e-mailadres", "mobiel", "bedrijf", "postcode", "woonplaats"),
        ("Imię", "Nazwisko", "Adres e-mail", "Komórka", "Nazwa firmy", "Kod pocztowy", "Miejscowość"),
        ("Prenume", "Nume", "Adresă e-mail", "Telefon mobil", "Companie", "Cod poștal", "Oraș"),
        ("Nama depan", "Nama belakang", "Surel", "No HP", "Perusahaan", "Kode pos", "Kota"),
        ("first_name", "LAST NAME", "e mail", "Cell-Phone", "company", "zip code", "City:"),
    ],
    ids=["de", "es", "fr", "pt", "it", "nl", "pl", "ro", "id", "en"],
)
def test_headers_are_understood_in_ten_languages(columns):
    assert targets(*columns) == [
        "person.given_name",
        "person.family_name",
        "contact_point.email",
        "contact_point.mobile",
        "organization.ref by name",
        "address.postal_code",
        "address.city",
    ]


def test_a_slip_is_understood_and_less_sure():
    found = guess(["Frist Name", "Adress", "Organisaton"]).columns
    assert [one.target for one in found][1:] == ["address.whole", "organization.name"]
    assert all(0 < one.confidence < 0.75 for one in found[1:])


def test_what_is_unknown_is_proposed_as_a_field_and_never_dropped():
    found = guess(["Email", "Shoe size"], {"Shoe size": ["42", "39"]}).of("Shoe size")
    assert (found.target, found.look) == ("custom", "number")


def test_values_tell_what_headers_do_not():
    found = guess(
        ["A", "B", "C", "D"],
        {
            "A": ["ana@example.com", "dan@example.ro"],
            "B": ["+40 721 555 123", "0721 555 124"],
            "C": ["https://example.com", "www.example.org"],
            "D": ["Germany", "România", "Polska"],
        },
    )
    assert [one.target for one in found.columns] == [
        "contact_point.email",
        "contact_point.phone",
        "contact_point.website",
        "address.country",
    ]


def test_dates_that_can_be_read_both_ways_are_pointed_out():
    mapping = guess(["Email", "Birthday"], {"Birthday": ["01/02/1990", "03/04/1991"]})
    assert "Birthday" in mapping.remarks[0]
    assert guess(["Birthday"], {"Birthday": ["01/02/1990", "03/14/1991"]}).of("Birthday").order == "mdy"


@pytest.mark.parametrize(
    ("columns", "system"),
    [
        (["First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On"], "linkedin"),
        (["Email Address", "First Name", "Last Name", "MEMBER_RATING", "OPTIN_TIME", "LEID", "EUID"], "mailchimp"),
        (["id", "Amount", "Amount Refunded", "Currency", "Customer ID", "Status"], "stripe"),
        (["Name", "Email", "Financial Status", "Paid at", "Lineitem name", "Lineitem quantity"], "shopify"),
        (["Record Id", "Contact Owner", "Account Name", "Last Name", "Email Opt Out"], "zoho"),
        (["Name", "Given Name", "Yomi Name", "Group Membership", "E-mail 1 - Value"], "google_old"),
        (["First Name", "Last Name", "Given Yomi", "Surname Yomi", "E-mail Address"], "outlook_web"),
        (["Id", "Name", "AccountId", "StageName", "CloseDate", "OwnerId"], "salesforce"),
        (["Name", "Phone"], ""),
    ],
)
def test_systems_are_known_by_their_columns(columns, system):
    assert find_system(columns)[0] == system


REAL = {
    "mautic_demo/fakeleaddata.csv.gz": (
        ("mautic", "contacts"),
        {"title": "person.salutation", "phone": "contact_point.phone"},
    ),
    "mautic_demo/fakecompanydata.csv.gz": (("mautic", "companies"), {"companycity": "address.city"}),
    "uci_online_retail/OnlineRetail.csv.gz": (
        ("online_retail", "orders"),
        {"Quantity": "order_line.quantity", "InvoiceDate": "order.ordered_at", "CustomerID": "person.ref by key"},
    ),
    "maven_crm/sales_pipeline.csv.gz": (
        ("maven_crm", "deals"),
        {"opportunity_id": "deal.key", "deal_stage": "deal.stage", "account": "organization.ref by name"},
    ),
    "x_education_leads/Leads.csv.gz": (
        ("x_education", "leads"),
        {"Do Not Email": "consent.email not", "Lead Source": "lead.source", "Converted": "lead.converted"},
    ),
}


@pytest.mark.parametrize("file", REAL)
def test_real_files_are_understood(real_data, file):
    known, some = REAL[file]
    mapping = guess_table(open_table(real_data / file))
    assert (mapping.system, mapping.kinds[0]) == known
    assert {column: mapping.of(column).short for column in some} == some


def test_vcards_are_mapped_like_googles_contacts(real_data, tmp_path):
    with tarfile.open(real_data / "vcards_visible.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    mapping = guess_table(open_table(next(tmp_path.rglob("John_Doe_EVOLUTION.vcf"))))
    assert (mapping.system, mapping.kinds[0]) == ("vcard", "contacts")
    assert mapping.of("E-mail 1 - Value").short == "contact_point.email"
    assert mapping.of("Address 1 - City").short == "address.city"
    assert mapping.of("First Name").short == "person.given_name"


def test_a_mapping_survives_being_stored_and_changed():
    mapping = guess(["First Name", "E-mail 2 Address", "Pet"])
    assert Mapping.from_json(json.loads(json.dumps(mapping.as_json()))) == mapping
    changed = mapping.changed("Pet", "ignore")
    assert (changed.of("Pet").target, changed.of("Pet").confidence) == ("ignore", 1.0)
    assert mapping.of("Pet").target == "custom"


def test_no_two_columns_take_one_place():
    for name, told in EXPECTED.items():
        places = [target for target in told["columns"].values() if target.split()[0] not in {"ignore", "custom", "tag"}]
        assert len(places) == len(set(places)), name
