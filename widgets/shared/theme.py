"""The colours and measures of the desk, light and dark, and how they reach the browser.

The tables below are the one place where a colour is written. From here they go to Vuetify's theme
(`apply_theme`) and, as custom properties, into the style sheet (`stylesheet`), which Voila's page loads as a
file and a notebook gets inlined through a widget.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

ASSETS: Final = Path(__file__).parent / "assets"

# Names that Vuetify knows. `on-…` is what is written on the colour of that name.
VUETIFY: Final[dict[str, dict[str, str]]] = {
    "light": {
        "background": "#F7F6F3",
        "surface": "#FFFFFF",
        "surface-bright": "#FFFFFF",
        "surface-light": "#F1EFEB",
        "surface-variant": "#33322F",
        "on-surface-variant": "#F7F6F3",
        "on-background": "#1D1C1A",
        "on-surface": "#1D1C1A",
        "primary": "#3451B2",
        "on-primary": "#FFFFFF",
        "primary-darken-1": "#27408F",
        "secondary": "#55534E",
        "secondary-darken-1": "#3D3B37",
        "success": "#19714A",
        "warning": "#8A5200",
        "error": "#B42318",
        "info": "#0B6299",
    },
    "dark": {
        "background": "#121211",
        "surface": "#1A1A19",
        "surface-bright": "#242422",
        "surface-light": "#272624",
        "surface-variant": "#3A3936",
        "on-surface-variant": "#F2F1EE",
        "on-background": "#EDECE8",
        "on-surface": "#EDECE8",
        "primary": "#A3B4FA",
        "on-primary": "#12183A",
        "primary-darken-1": "#8296EE",
        "secondary": "#B8B5AE",
        "secondary-darken-1": "#98958E",
        "success": "#6CC79A",
        "warning": "#E5AE57",
        "error": "#FF9A8F",
        "info": "#7DBDEB",
    },
}

# Names of our own, usable as Vuetify colours too (`color="ink-2"`).
OWN: Final[dict[str, dict[str, str]]] = {
    "light": {
        "ink-2": "#55534E",
        "ink-3": "#6B6963",
        "line": "#E6E4DE",
        "line-strong": "#D3D0C8",
        "field": "#8C8981",
        "accent-soft": "#EDF0FB",
    },
    "dark": {
        "ink-2": "#B8B5AE",
        "ink-3": "#98958E",
        "line": "#2E2D2B",
        "line-strong": "#403F3C",
        "field": "#75736D",
        "accent-soft": "#232A45",
    },
}

# Ground and ink of an avatar, one of six by a hash of the name.
AVATARS: Final[dict[str, list[tuple[str, str]]]] = {
    "light": [
        ("#E3E8FA", "#27408F"),
        ("#F8E9D2", "#7A4500"),
        ("#D9F0E8", "#0F5B48"),
        ("#F6E1F0", "#84275F"),
        ("#DDEEF8", "#0B4F7B"),
        ("#F9E3DD", "#8C3420"),
    ],
    "dark": [
        ("#2A3258", "#B9C6FF"),
        ("#3A2D1B", "#F0C78E"),
        ("#17382F", "#8FDCC4"),
        ("#3B2338", "#EDB3DC"),
        ("#1D3442", "#9FD3F2"),
        ("#3C2A26", "#F4B8A9"),
    ],
}

# Shadows and scrims, which differ by more than a colour.
_DEPTHS: Final[dict[str, dict[str, str]]] = {
    "light": {
        "depth-1": "0 1px 2px rgba(29,28,26,.06)",
        "depth-2": "0 8px 24px -4px rgba(29,28,26,.14)",
        "depth-3": "0 20px 48px -8px rgba(29,28,26,.24)",
        "scrim": "rgba(29,28,26,.38)",
    },
    "dark": {
        "depth-1": "0 0 0 1px #3A3937",
        "depth-2": "0 0 0 1px #3A3937",
        "depth-3": "0 0 0 1px #3A3937",
        "scrim": "rgba(0,0,0,.6)",
    },
}

# Vuetify's base colours that ipyvuetify has as traits; all others travel in `custom_theme_colors`.
_TRAITS: Final = (
    "background",
    "surface",
    "surface-bright",
    "surface-variant",
    "on-surface-variant",
    "primary",
    "primary-darken-1",
    "secondary",
    "secondary-darken-1",
    "error",
    "info",
    "success",
    "warning",
)


def avatar_number(name: str) -> int:
    """Which of the six avatar tints `name` has: 0 to 5, the same in every session and process."""
    return hashlib.blake2b(name.encode("utf-8"), digest_size=2).digest()[0] % 6


def initials(name: str) -> str:
    """One or two capitals for an avatar; an empty name gives a middle dot."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalpha()] or name.split()
    if not words:
        return "·"
    return (words[0][0] + (words[1][0] if len(words) > 1 else "")).upper()


def apply_theme() -> None:
    """Give ipyvuetify our colours; safe to call again.

    Light or dark is left to the page: Voila's from the visitor's choice, JupyterLab's from its own theme.
    """
    import ipyvuetify as v

    for scheme, colours in (("light", v.theme.themes.light), ("dark", v.theme.themes.dark)):
        named = VUETIFY[scheme]
        with colours.hold_sync():
            for name in _TRAITS:
                setattr(colours, name.replace("-", "_"), named[name])
            rest = {name: value for name, value in named.items() if name not in _TRAITS}
            colours.custom_theme_colors = rest | OWN[scheme]


def _properties(scheme: str) -> str:
    lines = [f"color-scheme:{scheme}"]
    lines += [f"--crm-{name}:{value}" for name, value in (VUETIFY[scheme] | OWN[scheme]).items()]
    lines += [f"--crm-{name}:{value}" for name, value in _DEPTHS[scheme].items()]
    for number, (ground, ink) in enumerate(AVATARS[scheme]):
        lines += [f"--crm-avatar-{number}:{ground}", f"--crm-avatar-{number}-ink:{ink}"]
    return ";".join(lines)


@cache
def stylesheet(fonts: str = "fonts/") -> str:
    """The whole style sheet: custom properties for both schemes, then `assets/crm.css`.

    `fonts` is what the addresses of font files begin with; empty leaves the font files out, for a notebook,
    where nothing is served beside the page and the reader's own fonts stand in.
    """
    own = (ASSETS / "crm.css").read_text("utf-8")
    faces, rules = own.split("/* --- rules --- */", 1)
    faces = faces.replace("url(fonts/", f"url({fonts}") if fonts else ""
    return (
        f":root,.v-theme--light{{{_properties('light')}}}\n"
        f"html[data-crm-theme=dark],.v-theme--dark{{{_properties('dark')}}}\n{faces}{rules}"
    )
