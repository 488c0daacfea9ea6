"""Elements: SVG and HTML as escaped text, so that no name of a rule is ever read as markup."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def element(tag: str, /, *inside: str, **attributes: object) -> Markup:
    """Return an element; attributes that are None are left out, ``class_`` is ``class`` and ``data_x`` is ``data-x``."""
    told = Markup().join(
        Markup(' {}="{}"').format(_name(key), _value(value)) for key, value in attributes.items() if value is not None
    )
    return Markup("<{}{}>{}</{}>").format(Markup(tag), told, joined(inside), Markup(tag))


def joined(parts: Iterable[str]) -> Markup:
    """Return parts one after the other, escaped unless they are markup."""
    return Markup().join(escape(each) for each in parts)


def group(parts: Iterable[str], **attributes: object) -> Markup:
    """Return an SVG group."""
    return element("g", *parts, **attributes)


def words(x: float, y: float, text: str, /, **attributes: object) -> Markup:
    """Return an SVG text at a point."""
    return element("text", text, x=x, y=y, **attributes)


def picture(width: float, height: float, title: str, /, *inside: str, **attributes: object) -> Markup:
    """Return an SVG image of this size in its own units, with a title for those who cannot see it."""
    box = f"0 0 {width:g} {height:g}"
    return element("svg", element("title", title), *inside, viewBox=box, role="img", **attributes)


def soft(name: str) -> Markup:
    """Return a name that may break after its underscores."""
    return escape(name).replace("_", Markup("_<wbr>"))


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
