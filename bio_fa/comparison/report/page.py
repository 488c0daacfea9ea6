"""Page: everything that the report shows of a study, as one HTML text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bio_fa.comparison.report import checks, citations, conditions, curves, differences, drawing, headline, origin, scoreboard, svg
from bio_fa.comparison.report.chart import Dots, Panel
from bio_fa.comparison.report.conditions import Condition
from bio_fa.comparison.report.elements import soft
from bio_fa.comparison.report.findings import Findings
from bio_fa.comparison.report.gallery import gallery
from bio_fa.comparison.report.grid import Grid
from bio_fa.comparison.report.reading import Reading
from bio_fa.comparison.report.rendering import template
from bio_fa.comparison.results import Results
from bio_fa.io.plain import to_json

ANGLES = {"Feedback weights against forward weights": curves.feedback, "Updates against the gradient": curves.updates}
"""What is compared by angles, and who draws it."""


@dataclass(frozen=True, eq=False)
class Page:
    """The report of a study in a folder."""

    results: Results
    found: Sequence[Findings]
    folder: Path
    command: str
    """What repeats the study."""

    @property
    def measure(self) -> str:
        """By what runs are judged."""
        return str(self.results.study.get("measure", "score"))

    @property
    def reference(self) -> str | None:
        """The rule with which every other is compared."""
        return self.results.study.get("reference")

    @cached_property
    def reading(self) -> Reading:
        """How scores are shown."""
        return scoreboard.reading_of_table(self.results.table, self.measure)

    @cached_property
    def rules(self) -> list[str]:
        """The rules in their order, which decides how each looks."""
        return conditions.rules(self.results.table)

    @cached_property
    def conditions(self) -> list[Condition]:
        """The constraints and tasks under which they were compared."""
        return conditions.conditions(self.results.table)

    @cached_property
    def scores(self) -> Dots:
        """The scores of every cell."""
        return scoreboard.dots(self.results.table, self.results.runs, self.measure)

    @cached_property
    def pairs(self) -> Dots | None:
        """The differences of every pair; None where none was compared."""
        results = self.results
        if not results.verdicts:
            return None
        return differences.dots(results.table, results.runs, results.verdicts, self.measure, self.reading)

    @cached_property
    def learning(self) -> list[tuple[Condition, Panel]]:
        """The learning curves under each condition."""
        runs = [(each, each.of(self.found, self.rules)) for each in self.conditions]
        drawn = [(each, curves.learning(own, self.measure, self.reading, each.key)) for each, own in runs]
        return [(each, panel) for each, panel in drawn if panel is not None]

    @cached_property
    def alignment(self) -> list[tuple[str, list[Panel]]]:
        """The panels of angles under their headings."""
        drawn = [
            (f"{angles}, {each.name}" if each.name else angles, list(draw(each.of(self.found, self.rules), each.key)))
            for each in self.conditions
            for angles, draw in ANGLES.items()
        ]
        return [(heading, panels) for heading, panels in drawn if panels]

    @cached_property
    def cited(self) -> list[citations.Cited]:
        """What the rules that ran cite."""
        return citations.cited_by(each.rule for each in self.found if each.rule is not None)

    def html(self) -> str:
        """Return the page."""
        results, entries = self.results, citations.entries_of(self.cited)
        said = headline.headline(results.verdicts, self.reference)
        return template("report.html.jinja").render(
            page=self,
            results=results,
            grids=self._grids(),
            headline=said,
            notes=[each for each in results.notes if each.lower() not in said.lower()],
            ended=headline.ended(list(results.runs["status"]), len(results.refused)),
            asked=headline.asked(results.study, self.reading),
            matrices=self._matrices(),
            circuits=[drawn for each in self.conditions for drawn in gallery(each, self.found, self.rules, self.folder)],
            entries=entries,
            bibtex=citations.bibtex(entries),
            provenance=origin.provenance(results.study, self.found),
            settings=origin.settings(results.study),
            data=self._data(),
            large=lambda panel: svg.panel(panel, svg.LARGE),
            small=lambda panel: svg.panel(panel, svg.SMALL),
            sample=svg.sample,
            soft=soft,
            drawing=drawing,
        )

    def _grids(self) -> dict[str, Any]:
        results, cells = self.results, checks.by_cell(self.found)
        judged = (results.verdicts, results.improvements)
        return {
            "scores": scoreboard.scoreboard(results.table, results.runs, self.measure, *judged),
            "pairs": differences.table_of(self.pairs, *judged, self.reference) if self.pairs else None,
            "audit": checks.audit(cells),
            "energy": checks.energy(cells),
            "dimensions": self._dimensions(),
            "runs": checks.runs(self.found, self.reading),
        }

    def _dimensions(self) -> list[Grid]:
        own = [(each, each.of(self.found, self.rules)) for each in self.conditions]
        grids = [checks.dimensions({rule: runs for rule, runs in of.items() if runs}, each.key, each.name) for each, of in own]
        return [each for each in grids if each is not None]

    def _matrices(self) -> list[differences.Matrix]:
        found = (differences.matrix(each, self.results.verdicts, self.reading) for each in self.conditions)
        return [each for each in found if each is not None]

    def _data(self) -> Markup:
        """Return all numbers as JSON that no HTML parser mistakes for markup."""
        large = {panel.key: svg.numbers(panel, svg.LARGE) for _, panel in self.learning}
        small = {panel.key: svg.numbers(panel, svg.SMALL) for _, panels in self.alignment for panel in panels}
        text = to_json({"results": self.results.to_table(), "panels": large | small})
        return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
