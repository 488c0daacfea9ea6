"""Aims at a report that needs anything beside itself, runs what a record says, or hides what failed."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from bio_fa.analysis import inspect_run, write_report
from bio_fa.analysis.figures import FIGURES
from bio_fa.analysis.report import CAPTIONS, render
from bio_fa.analysis.spike_figures import SPIKE_FIGURES
from bio_fa.errors import RecordError
from tests.analysis.synthetic_run import PAIR, synthetic_run
from tests.analysis.synthetic_spikes import spiking_run

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Collects tags with their attributes and the text, and demands that tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = synthetic_run(tmp_path_factory.mktemp("finished") / "run")
    run.table["name"] = "<script>alert(1)</script>"
    return write_report(run.write())


@pytest.fixture(scope="module")
def page(finished):
    return Page(finished.read_text(encoding="utf-8"))


def test_the_page_stands_in_the_runs_folder_with_every_figure_beside_it(finished):
    assert finished.parts[-2:] == ("report", "report.html")
    drawn = {path.stem for path in (finished.parent / "figures").glob("*.png")}
    assert drawn == set(FIGURES)


def test_the_page_needs_nothing_beside_itself(page):
    links = [value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "href")]
    assert len(links) == len(FIGURES) and all(link.startswith("data:image/png;base64,") for link in links)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}


def test_what_a_record_says_is_shown_and_never_run(page):
    assert "<script>alert(1)</script>" in page.text
    assert 'name = "<synthetic> & small"' in page.text


def test_every_image_says_what_it_shows(page):
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert all(each["alt"] and int(each["width"]) > 0 for each in images)


def test_the_page_tells_scores_constraints_sources_and_provenance(page):
    for part in ("12.50 %", "Dale’s law", "uncorrelated", "shuffled", "V1_FE", "Dayan & Abbott (2001)", "numpy 2.3.5"):
        assert part in page.text


def test_a_run_with_spikes_shows_what_a_trial_costs_and_draws_its_spikes(tmp_path):
    spikes = spiking_run(tmp_path / "spikes")
    page = Page(write_report(spikes.write().path).read_text(encoding="utf-8"))
    for part in ("synaptic events", "480.5", "12,000.0", "961.0", "46.1 Hz", "100 Hz"):
        assert part in page.text
    alts = " ".join(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    assert all(CAPTIONS[name] in alts for name in SPIKE_FIGURES)


def test_a_run_of_rates_speaks_of_no_spikes(page):
    assert "synaptic events" not in page.text and "Irregularity" not in page.text


def test_a_figure_of_spikes_that_cannot_be_drawn_is_replaced_by_its_reason(tmp_path):
    spikes = spiking_run(tmp_path / "spikes")
    spikes.spiking, spikes.probed = (), False
    page = Page(write_report(spikes.write().path).read_text(encoding="utf-8"))
    assert "recorded no spikes" in page.text and "recorded no potentials" in page.text


def test_violations_stand_out(run):
    run.snapshots["final"][PAIR["forward"]] -= 100
    page = Page(render(inspect_run(run.write()), figures=[], appendices={}))
    assert ("td", {"class": "broken"}) in page.tags


def test_a_run_that_stopped_at_once_has_a_report_of_reasons(run):
    run.metrics, run.snapshots, run.epochs = [], {}, []
    run.table = {"name": "two areas", "seed": 3, "status": "interrupted", "message": "The disk was full."}
    page = Page(write_report(run.write()).read_text(encoding="utf-8"))
    assert "The disk was full." in page.text and "interrupted" in page.text
    assert "activity.h5" in page.text and "stopped before its first evaluation" in page.text
    assert str(run.path) not in page.text
    assert not [tag for tag, _ in page.tags if tag == "img"]


def test_a_second_report_of_the_same_run_is_the_same(finished):
    first = finished.read_bytes()
    assert write_report(finished.parents[1]).read_bytes() == first


def test_a_folder_without_a_run_has_no_report(tmp_path):
    with pytest.raises(RecordError, match="holds no run"):
        write_report(tmp_path)
