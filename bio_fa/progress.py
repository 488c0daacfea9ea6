"""Progress: what a person sees while a run goes; a live bar on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bio_fa.experiment import Experiment
from bio_fa.training import Score
from bio_fa.watching import Watcher


class ProgressBar(Watcher):
    """Shows loss, error, samples per second and the time left."""

    def __init__(self, console: Console) -> None:
        self.console = console
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[score]}"), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def estimated(self, needed: int, free: int) -> None:
        """Print the size of the files to come."""
        self.console.print(f"files: at most {_bytes(needed)}, {_bytes(free)} are free", highlight=False)

    def begin(self, experiment: Experiment, trials: int) -> None:
        """Show the circuit and an empty bar."""
        self.console.print(experiment.circuit.summary(), highlight=False)
        self.progress.start()
        self.bar = self.progress.add_task("training", total=trials, score="")

    def trained(self, trials: int, score: Score, samples_per_second: float) -> None:
        """Move the bar."""
        shown = f"{_scores(score.mean_loss, score.error)}  {samples_per_second:,.0f} samples/s"
        self.progress.update(self.bar, completed=trials, score=shown)

    def evaluated(self, line: dict[str, Any]) -> None:
        """Print one line on the epoch."""
        train = "" if line["train_loss"] is None else f"   training {_scores(line['train_loss'], line['train_error'])}"
        test = f"epoch {line['epoch']:>3}   test {_scores(line['test_loss'], line['test_error'])}"
        self.progress.console.print(test + train, highlight=False)

    def end(self) -> None:
        """Remove the bar."""
        self.progress.stop()


def _scores(loss: float, error: float | None) -> str:
    return f"loss {loss:.4f}" + ("" if error is None else f"  error {100 * error:.2f} %")


def _bytes(count: int) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e8 else f"{count / 1e6:.3g} MB"
