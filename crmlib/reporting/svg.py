"""Charts as SVG: drawn by vl-convert without a browser, then reduced to what a picture needs.

This is the one place where markup made elsewhere enters a report's page, so nothing but known shapes and known
attributes with harmless values passes: no script, no style, no link, no handler.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

FONTS = Path(__file__).parent / "fonts"

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_TAGS = frozenset({"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "clipPath", "defs"})
_ATTRIBUTES = frozenset(
    {
        *("width", "height", "viewBox", "transform", "id", "display", "clip-path"),
        *("d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy"),
        *("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity"),
        *("stroke-linecap", "stroke-linejoin", "stroke-miterlimit"),
        *("font-family", "font-size", "font-weight", "font-style", "text-anchor"),
    }
)
# Values are numbers, words, colours and path data; the only brackets are transforms and references within.
_VALUE = re.compile(r"(?!\s*(?:javascript|data):)[\w\s.,#%+\-]*|(?:[a-z]+\([\d\s.,e+\-]*\)\s*)+|url\(#[\w\-]+\)")


def draw(spec: dict[str, Any]) -> str:
    """The Vega-Lite `spec` as clean SVG, its text kept as text in our fonts. Asks no address for anything."""
    return clean_svg(_converter().vegalite_to_svg(spec, allowed_base_urls=[]))


def clean_svg(source: str) -> str:
    """`source` with only shapes and text left; ValueError where it is no SVG, or declares entities."""
    if "<!" in source:
        raise ValueError("an SVG with declarations is not taken")
    try:
        root = ET.fromstring(source)  # noqa: S314 - no declarations, so no entities that could expand
    except ET.ParseError as broken:
        raise ValueError(f"no SVG: {broken}") from broken
    if root.tag != f"{_NAMESPACE}svg":
        raise ValueError("no SVG: its root is another element")
    cleaned = _clean(root)
    cleaned.set("xmlns", "http://www.w3.org/2000/svg")
    return ET.tostring(cleaned, encoding="unicode")


def with_own_ids(svg: str, prefix: str) -> str:
    """`svg` with `prefix` before its ids, so that several pictures on one page do not clip each other."""
    return re.sub(r'(\bid="|url\(#)', rf"\1{prefix}", svg)


def _clean(element: ET.Element) -> ET.Element:
    kept = ET.Element(element.tag.removeprefix(_NAMESPACE))
    for name, value in element.attrib.items():
        if name in _ATTRIBUTES and _VALUE.fullmatch(value):
            kept.set(name, value)
    if kept.tag in ("text", "tspan"):
        kept.text = element.text
    for child in element:
        if child.tag.removeprefix(_NAMESPACE) in _TAGS and child.tag.startswith(_NAMESPACE):
            kept.append(_clean(child))
    # A group that is left empty draws nothing; charts have hundreds of them.
    for child in list(kept):
        if child.tag == "g" and not len(child):
            kept.remove(child)
    return kept


@cache
def _converter() -> Any:
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert
