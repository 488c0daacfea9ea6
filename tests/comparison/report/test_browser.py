"""Failure aimed at: a page that a browser complains of, controls that do nothing, a page that a phone, paper or the dark breaks."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.comparison.report import chromium
from tests.comparison.report.synthetic import HOSTILE, page, with_circuits

pytestmark = pytest.mark.skipif(chromium.lacking() is not None, reason=str(chromium.lacking()))

CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
BOXES = """all => all.map(each => each.getBoundingClientRect())
    .map(box => [box.top, box.bottom, box.left, box.right].map(Math.round))"""
PHONE = 360
"""The width of a small phone, in pixels."""


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A report of three rules under two sets of constraints, with a run that diverged."""
    folder = tmp_path_factory.mktemp("study")
    described = with_circuits(page(folder, constraints=("none", "cortical"), diverged=[("kolen_pollack", 1)], question="Why?"))
    (folder / "report.html").write_text(described.html(), encoding="utf-8")
    return folder / "report.html"


@pytest.fixture
def open_(browser, file):
    """Open the report as often as a test wants, and close it; it must not have complained."""
    opened = []

    def opening(**settings):
        opened.append(chromium.Tab(browser, file, **settings))
        return opened[-1].page

    yield opening
    for tab in opened:
        tab.close()
        assert tab.complaints == [] and tab.requests == [file.as_uri()]


def order(tab, table: str) -> list[str]:
    return tab.locator(f"#{table} tbody tr th").evaluate_all("cells => cells.map(each => each.dataset.key)")


def shown(tab, rule: str) -> list[bool]:
    lines = tab.locator(f'.panel .series[data-rule="{rule}"]')
    return lines.evaluate_all("lines => lines.map(each => each.getClientRects().length > 0)")


def test_a_box_hides_a_rule_in_every_panel_and_both_legends_follow(open_):
    tab = open_()
    boxes = tab.get_by_role("checkbox", name="kolen_pollack")
    assert boxes.count() == 2 and len(shown(tab, "kolen_pollack")) == 8 and all(shown(tab, "kolen_pollack"))
    boxes.first.uncheck()
    assert not any(shown(tab, "kolen_pollack")) and all(shown(tab, "backpropagation"))
    assert not boxes.last.is_checked()
    boxes.last.focus()
    tab.keyboard.press("Space")
    assert all(shown(tab, "kolen_pollack")) and boxes.first.is_checked()


def test_a_head_sorts_by_click_and_by_keyboard(open_):
    tab = open_()
    before, head = order(tab, "scores"), tab.locator("#scores").get_by_role("button", name="mean ± s.d.")
    head.click()
    means = tab.locator("#scores tbody td.strip-cell").evaluate_all("cells => cells.map(each => Number(each.dataset.key))")
    assert means == sorted(means) and order(tab, "scores") != before
    assert tab.locator("#scores th[aria-sort=ascending]").count() == 1
    head.focus()
    tab.keyboard.press("Enter")
    falling = tab.locator("#scores tbody td.strip-cell").evaluate_all("cells => cells.map(each => Number(each.dataset.key))")
    assert falling == means[::-1]
    tab.locator("#scores").get_by_role("button", name="rule").click()
    assert order(tab, "scores") == sorted(before) and tab.locator("#scores th[aria-sort=descending]").count() == 0


def test_what_is_unknown_is_sorted_last_both_ways(open_):
    tab = open_()
    tab.locator("#runs-part ~ details summary").click()
    for _ in range(2):
        tab.locator("#runs").get_by_role("button", name="score").click()
        assert tab.locator("#runs tbody tr").last.locator("td").nth(2).inner_text() == "diverged"


def test_values_are_read_with_the_pointer_and_with_the_keyboard(open_):
    tab = open_()
    panel, readout = tab.locator("svg.panel").first, tab.locator("#readout")
    box = panel.bounding_box()
    panel.hover(position={"x": box["width"] - 5, "y": box["height"] / 2})
    data = tab.evaluate("JSON.parse(document.getElementById('data').textContent).panels")
    lines = data[panel.get_attribute("data-panel")]["series"]
    assert readout.is_visible() and f"trials {lines[0]['x'][-1]:.0f}" in readout.inner_text()
    for line in lines:
        assert re.search(rf"{line['name']}\s+{100 * line['y'][-1]:.2f} %", readout.inner_text())
    tab.mouse.move(0, 0)
    assert not readout.is_visible()
    tab.locator("fieldset.rules input").last.focus()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Home")
    assert "epoch 0" in readout.inner_text()
    tab.keyboard.press("ArrowRight")
    assert "epoch 4" in readout.inner_text()
    tab.keyboard.press("Escape")
    assert not readout.is_visible()


def test_a_hidden_rule_is_not_read_out(open_):
    tab = open_()
    tab.get_by_role("checkbox", name="kolen_pollack").first.uncheck()
    tab.locator("svg.panel").first.hover()
    assert "backpropagation" in tab.locator("#readout").inner_text()
    assert "kolen_pollack" not in tab.locator("#readout").inner_text()


def test_the_dark_follows_the_system_and_the_button(open_):
    for scheme, dark in (("light", False), ("dark", True)):
        tab = open_(color_scheme=scheme)
        assert darkness(tab) == dark
        tab.locator("button.theme").click()
        assert darkness(tab) != dark


def darkness(tab) -> bool:
    channels = re.findall(r"\d+", tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    return sum(map(int, channels[:3])) < 3 * 128


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, PHONE])
def test_every_text_has_contrast(open_, scheme, width):
    tab = open_(color_scheme=scheme, width=width)
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert tab.evaluate(CONTRAST) == []


def test_faint_text_would_be_found(open_):
    tab = open_(color_scheme="light")
    tab.evaluate("document.querySelector('h1').style.color = '#909090'")
    assert [each[:7] for each in tab.evaluate(CONTRAST)] == ["H1.null"]


def test_a_phone_scrolls_tables_and_not_the_page(open_):
    tab = open_(width=PHONE)
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE
    table = tab.locator(".scroll", has=tab.locator("#scores"))
    assert table.evaluate("each => each.scrollWidth > each.clientWidth && getComputedStyle(each).overflowX === 'auto'")
    sizes = tab.locator("svg.panel text, svg.circuit text.name").evaluate_all(
        "all => all.map(each => parseFloat(getComputedStyle(each).fontSize) * each.getScreenCTM().a)"
    )
    assert min(sizes) >= 9, "the smallest letter of a chart, in pixels of the phone"


def test_paper_has_no_controls_and_everything_unfolded(open_):
    tab = open_(color_scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    for control in ("nav", "button.theme", "button.copy", "fieldset.rules input", "#readout"):
        assert not any(tab.locator(control).evaluate_all("all => all.map(each => each.checkVisibility())")), control
    assert tab.locator("#runs").is_visible() and tab.locator("#bibtex").is_visible()
    assert not darkness(tab) and tab.evaluate(CONTRAST) == []
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not tab.locator("#bibtex").is_visible()


def test_a_click_copies_the_entries(open_):
    tab = open_()
    tab.get_by_text("BibTeX", exact=True).click()
    button = tab.locator("button.copy[data-of=bibtex]")
    button.click()
    tab.wait_for_function("document.querySelector('button.copy[data-of=bibtex]').textContent === 'Copied'")
    assert tab.evaluate("getSelection().toString()").strip().startswith("@")


def test_the_page_is_whole_without_its_script(open_):
    tab = open_(java_script_enabled=False)
    assert tab.locator("#scores tbody tr").count() == 6 and tab.locator(".panel .series").count() == 8 * 3
    assert not tab.locator("button.theme").is_visible()


def test_motion_is_left_out_for_those_who_ask(open_):
    behaviour = [
        open_(reduced_motion=each).evaluate("getComputedStyle(document.documentElement).scrollBehavior")
        for each in ("no-preference", "reduce")
    ]
    assert behaviour == ["smooth", "auto"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_is_painted(open_, scheme):
    tab = open_(color_scheme=scheme)
    parts = ["header", "section", "svg.panel", "svg.circuit", "#scores svg.strip", "#pairs svg.strip", "fieldset.rules svg.sample"]
    whole = np.asarray(Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("L"))
    for name in parts:
        boxes = tab.locator(name).evaluate_all(BOXES)
        assert boxes, name
        for top, bottom, left, right in boxes:
            assert right - left > 10 and bottom - top > 10, name
            shades = np.bincount(whole[top:bottom, left:right].ravel())
            assert np.count_nonzero(shades) > 5 and shades.max() < 0.999 * shades.sum(), name


def test_a_name_is_never_run(browser, tmp_path):
    described = with_circuits(page(tmp_path, ("backpropagation", HOSTILE), 2, question=HOSTILE))
    (tmp_path / "report.html").write_text(described.html(), encoding="utf-8")
    tab = chromium.Tab(browser, tmp_path / "report.html")
    tab.page.locator("svg.panel").first.hover()
    tab.page.locator("fieldset.rules input").last.uncheck()
    assert HOSTILE in tab.page.locator("body").inner_text() and tab.page.locator("img").count() == 0
    assert tab.complaints == []
    tab.close()
