"""Writing: the report of a study into its folder."""

from __future__ import annotations

from pathlib import Path

from bio_fa.comparison.report import files
from bio_fa.comparison.report.citations import bibtex, entries_of
from bio_fa.comparison.report.findings import findings
from bio_fa.comparison.report.page import Page
from bio_fa.comparison.results import Results
from bio_fa.io.commit import write_text

PAGE, SOURCES = "report.html", "sources.bib"


def write_report(results: Results, folder: Path, command: str) -> Path:
    """Leave ``report.html``, ``sources.bib`` and ``figures`` in the folder of a study; return the page.

    Args:
        results: what the study found.
        folder: its folder, with the runs.
        command: what repeats it.

    Raises:
        RecordError: when the disk refuses.
    """
    page = Page(results, findings(results.runs, folder), folder, command)
    write_text(folder / PAGE, page.html())
    write_text(folder / SOURCES, bibtex(entries_of(page.cited)))
    panels = [panel for _, own in page.alignment for panel in own]
    figures = {
        "scores": files.of_dots(page.scores),
        "learning_curves": files.of_panels([panel for _, panel in page.learning]) if page.learning else None,
        "alignment": files.of_panels(panels) if panels else None,
        "significance": files.of_dots(page.pairs) if page.pairs else None,
    }
    files.write_figures(folder, {name: figure for name, figure in figures.items() if figure is not None})
    return folder / PAGE
