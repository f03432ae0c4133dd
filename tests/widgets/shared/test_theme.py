"""The colours: every pair that carries text or an edge can be read, in light and in dark."""

import pytest

from widgets.shared.theme import AVATARS, OWN, VUETIFY, avatar_number, initials, stylesheet

SCHEMES = ("light", "dark")
TEXT = 4.5
EDGE = 3.0


def luminance(colour: str) -> float:
    """WCAG 2.2 relative luminance of #RRGGBB, 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    """`colour` laid over `ground` at `share`, as status fills are."""
    pairs = zip(*(([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in (colour, ground)), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02X}" for a, b in pairs)


def test_black_on_white_has_the_known_contrast():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ground", ["background", "surface", "surface-light"])
@pytest.mark.parametrize("ink", ["on-surface", "ink-2", "ink-3", "primary", "success", "warning", "error", "info"])
def test_text_can_be_read_on_every_ground(scheme: str, ground: str, ink: str):
    colours = VUETIFY[scheme] | OWN[scheme]
    assert contrast(colours[ink], colours[ground]) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_stands_on_a_colour_can_be_read(scheme: str):
    colours = VUETIFY[scheme] | OWN[scheme]
    pairs = [("on-primary", "primary"), ("on-surface-variant", "surface-variant"), ("on-surface", "accent-soft")]
    for ink, ground in pairs:
        assert contrast(colours[ink], colours[ground]) >= TEXT, (ink, ground)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("status", ["success", "warning", "error", "info", "primary"])
def test_a_status_can_be_read_on_its_own_fill(scheme: str, status: str):
    colour = VUETIFY[scheme][status]
    assert contrast(colour, mixed(colour, VUETIFY[scheme]["surface"], 0.10)) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_edge_of_a_field_can_be_seen(scheme: str):
    assert contrast(OWN[scheme]["field"], VUETIFY[scheme]["surface"]) >= EDGE


@pytest.mark.parametrize("scheme", SCHEMES)
def test_initials_can_be_read_on_every_avatar(scheme: str):
    assert len(AVATARS[scheme]) == 6
    for ground, ink in AVATARS[scheme]:
        assert contrast(ground, ink) >= TEXT


def test_both_schemes_name_the_same_colours():
    assert list(VUETIFY["light"]) == list(VUETIFY["dark"])
    assert list(OWN["light"]) == list(OWN["dark"])


def test_a_name_keeps_its_tint_and_its_initials():
    assert avatar_number("Ni Luh Putu Ayu") == avatar_number("Ni Luh Putu Ayu")
    assert {avatar_number(str(n)) for n in range(200)} == set(range(6))
    assert [initials(name) for name in ("Ni Luh Putu", "Suparman", "Ștefan-Alexandru C.", "")] == ["NL", "S", "ȘA", "·"]


def test_every_colour_the_sheet_uses_is_one_it_has():
    import re

    sheet = stylesheet()
    used = set(re.findall(r"var\((--crm-[a-z0-9-]+)", sheet))
    had = set(re.findall(r"(--crm-[a-z0-9-]+):", sheet))
    assert used <= had


def test_a_notebook_gets_the_sheet_without_files():
    assert "url(" in stylesheet()
    assert "url(" not in stylesheet("")
