"""Board: what a person sees while a study is carried out; a live table on a terminal, a line as each run ends elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bio_fa.comparison.job import Event
from bio_fa.comparison.plan import Plan, PlannedRun
from bio_fa.comparison.standing import Standing

REFRESH = 1.0
"""Seconds between two looks at the runs in progress."""


class Board:
    """Shows which runs of a plan are over, in progress and to come."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self.console, self.plan = console, plan
        self.runs = {each.job.place: each for each in plan.runs}
        self.standings: dict[str, Standing] = {}
        self.active: dict[str, PlannedRun] = {}
        self.live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        self.shown = 0.0

    def __enter__(self) -> Self:
        self._look(self.runs.values())
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.live is not None:
            self.live.stop()

    def show(self, event: Event | None) -> None:
        """Show what happened, or, every now and then, how far the runs in progress are."""
        if event is not None:
            self._follow(event)
        if self.live is not None and (event is not None or time.monotonic() - self.shown > REFRESH):
            self._look(self.active.values())
            self.live.update(self._table(), refresh=True)
            self.shown = time.monotonic()

    def _follow(self, event: Event) -> None:
        run = self.runs[event.job.place]
        if event.what == "begun":
            self.active[event.job.place] = run
            return
        self.active.pop(event.job.place, None)
        self._look([run])
        console = self.console if self.live is None else self.live.console
        console.print(self._line(run, event.error), highlight=False, markup=False)

    def _look(self, runs: Iterable[PlannedRun]) -> None:
        self.standings |= {each.job.place: each.standing() for each in runs}

    def _line(self, run: PlannedRun, error: str) -> str:
        over, found = sum(each.over for each in self.standings.values()), self.standings[run.job.place]
        took = f" in {found.seconds:.0f} s" if found.seconds else ""
        why = f" ({error or found.message})" if error or found.message else ""
        return f"{over}/{len(self.runs)}  {run.name}: {found.status}{took}{why}"

    def _table(self) -> Table:
        table = Table("", "over", "in progress", "not well", box=None)
        for cell in dict.fromkeys(each.cell.name for each in self.plan.runs):
            runs = [each for each in self.plan.runs if each.cell.name == cell]
            standings = [self.standings[each.job.place] for each in runs]
            active = [each for each in runs if each.job.place in self.active]
            now = (f"seed {each.seed}: epoch {self.standings[each.job.place].epochs}" for each in active)
            ill = Counter(each.status for each in standings if each.status in ("failed", "diverged", "stopped"))
            told = ", ".join(f"{count} {status}" for status, count in ill.items())
            table.add_row(cell, f"{sum(each.over for each in standings)}/{len(runs)}", ", ".join(now), told)
        return table
