"""Report: one self-contained HTML page about a run, for people."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from bio_fa.analysis import style, summary
from bio_fa.analysis.figures import FIGURES
from bio_fa.analysis.inspection import inspect_run
from bio_fa.analysis.run_table import run_table, sentence
from bio_fa.analysis.spike_figures import SPIKE_FIGURES, membrane_traces
from bio_fa.errors import BioFAError, RecordError
from bio_fa.io.commit import part_of, publish, write_bytes, writing
from bio_fa.io.plain import read_text
from bio_fa.io.run_folder import RunFolder

CAPTIONS = {
    "learning_curve": "Learning. Scores of training and test trials over epochs.",
    "alignment_over_time": "Alignment. Angles on existing synapses with their means removed; the band of a "
    "line is what its shuffled synapses give (± 2 s.d.), so that only what leaves its band is alignment.",
    "activity_raster": "Activity. Responses of every population to the last epoch's recorded trials; neurons are "
    "sorted by the label they prefer in these same trials.",
    "weight_distributions": "Weights. Magnitudes of the existing synapses of each plastic projection.",
    "confusion_matrix": "Predictions. The most active output neuron for each label, in trials.",
    "spike_raster": "Spikes. The first trials of the last epoch, up to 40 neurons of each population, evenly chosen; excitatory "
    "blue, inhibitory orange. Dotted lines part the phases.",
    "membrane_traces": "Potentials. Three neurons of each population in the first trial of the last epoch, after every time step; "
    "ticks are their spikes, the dashed line the threshold of a neuron that does not adapt.",
    "firing_rate_distributions": "Firing rates. Neurons of each population by their mean rate in the first phase of all "
    "recorded trials of the last epoch.",
    "isi_variability": "Irregularity. Intervals between successive spikes within the first phase, for neurons with at least 10 "
    "pairs of them over all trials: 0 is regular, 1 (dotted) Poisson. CV₂ compares neighbouring intervals; the coefficient of "
    "variation CV (outline) is raised by trials that differ in drive. A phase hides intervals longer than itself, which lowers "
    "both.",
}


def write_report(run: str | Path) -> Path:
    """Write ``report/report.html`` and ``report/figures/*.png`` into a run folder; return the page's path.

    A figure that cannot be drawn, because the run stopped early or lacks what it shows, is replaced by its reason.

    Raises:
        RecordError: when the folder holds no readable run or cannot be written.
    """
    folder = RunFolder.open(run)
    page = folder.report / "report.html"
    folder.write_text(page, render(inspect_run(run), draw(folder), _appendices(folder)))
    return page


def draw(folder: RunFolder) -> list[dict[str, str | None]]:
    """Save every figure of a run under ``report/figures``; return each one for the page.

    Keys: ``name``, ``caption``, ``image`` (a data URI), ``width`` (pixels), ``reason`` (why there is no image).
    """
    if folder.report.is_symlink() or folder.figures.is_symlink():
        raise RecordError(f"{folder.report} or its figures is a link; remove it, so that the report stays in the run.")
    with writing(folder.figures):
        folder.figures.mkdir(parents=True, exist_ok=True)
    return [{"name": name, "caption": CAPTIONS[name], **_draw(folder, name, drawn)} for name, drawn in figures(folder).items()]


def figures(folder: RunFolder) -> dict[str, Callable[[RunFolder], Figure]]:
    """Return the figures that a run of its kind has, by name: those of spikes only where there are any."""
    if run_table(folder).get("spiking"):
        return FIGURES | SPIKE_FIGURES
    return FIGURES | ({"membrane_traces": membrane_traces} if folder.potential.exists() else {})


def render(found: dict[str, Any], figures: list[dict[str, str | None]], appendices: dict[str, str]) -> str:
    """Return the page about an inspection, its figures and texts shown as they are."""
    loader = PackageLoader("bio_fa.analysis")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters |= {"percent": summary.percent, "number": summary.number, "degrees": summary.degrees}
    aligned = summary.last_alignment(found)
    return pages.get_template("report.html.jinja").render(found=found, figures=figures, appendices=appendices, aligned=aligned)


def _draw(folder: RunFolder, name: str, drawn: Callable[[RunFolder], Figure]) -> dict[str, str | None]:
    try:
        figure = drawn(folder)
        image = style.png(figure)
    except BioFAError as error:
        return {"image": None, "reason": sentence(error, folder), "width": None}
    file = folder.figures / f"{name}.png"
    with writing(file):
        write_bytes(part_of(file), image)
        publish(part_of(file), file)
    uri = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return {"image": uri, "reason": None, "width": f"{style.SHOWN * figure.get_figwidth():.0f}"}


def _appendices(folder: RunFolder) -> dict[str, str]:
    texts = {"Effective configuration": folder.config, "Circuit": folder.circuit}
    return {title: _text(path, folder) for title, path in texts.items() if path.exists()}


def _text(path: Path, folder: RunFolder) -> str:
    """Return a text, or the reason why it cannot be read."""
    try:
        return read_text(path)
    except BioFAError as error:
        return sentence(error, folder)
