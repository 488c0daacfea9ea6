"""Figures of a run: each function draws one from the run folder, or raises the reason why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray

from bio_fa.analysis import style
from bio_fa.analysis.alignment import alignment, fitting
from bio_fa.analysis.responses import first_phase, labels, predictions, responses
from bio_fa.analysis.run_table import metrics_lines
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import WeightsReader
from bio_fa.measures import classification_error, confusion

Lines = list[dict[str, Any]]
"""Lines of ``metrics.jsonl``, or rows of a table, in the order of training."""

ANNOTATED_CLASSES = 20
"""Up to how many classes a confusion matrix has room for numbers."""


FEW_NEURONS = 100
"""From how many neurons on a raster has fewer pixels than they need, so that they are averaged."""

TRIALS = {"test": "test", "train": "training"}
SCORES = {"error": "trials answered wrongly (%)", "loss": "loss"}
"""How the keys of ``metrics.jsonl`` are called in a figure."""


def learning_curve(folder: RunFolder) -> Figure:
    """Draw loss, and error where the task has one, of training and test trials over epochs.

    Raises:
        RecordError: when the run wrote no metrics.
    """
    lines = metrics_lines(folder)
    scores = [score for score in SCORES if _known(lines, f"test_{score}") + _known(lines, f"train_{score}")]
    if not scores:
        raise RecordError("The run's metrics hold neither losses nor errors; there is no learning to draw.")
    figure, axes = style.panels(len(scores), columns=2)
    for panel, score in zip(axes, scores, strict=True):
        for index, (trials, label) in enumerate(TRIALS.items()):
            _line(panel, _known(lines, f"{trials}_{score}"), f"{trials}_{score}", index, label)
        style.name(panel, score.capitalize(), "epoch", SCORES[score])
        panel.set_ylim(bottom=0)
        style.round_ticks(panel)
        style.legend(panel)
        if score == "error":
            panel.yaxis.set_major_formatter(lambda fraction, _: f"{100 * fraction:g}")
    return figure


def alignment_over_time(folder: RunFolder) -> Figure:
    """Draw the angles of feedback with forward weights and of updates with the gradient, each over its shuffled null.

    Raises:
        RecordError: when the run has neither of the two.
    """
    curves = {
        "Feedback with forward weights": _weight_curves(folder),
        "Updates with the gradient": _update_curves(folder),
    }
    drawn = {title: angles for title, angles in curves.items() if angles}
    if not drawn:
        raise RecordError("The run holds neither feedback nor updates to align; nothing can be drawn over time.")
    longest = max(map(len, drawn.values()))
    figure, axes = style.panels(len(drawn), columns=2, height=3.2 + 0.16 * longest)
    for panel, (title, angles) in zip(axes, drawn.items(), strict=True):
        _angles(panel, angles)
        style.round_ticks(panel)
        style.name(panel, title, "epoch", "centred angle (degrees)")
    return figure


def activity_raster(folder: RunFolder) -> Figure:
    """Draw each population's answers to the last epoch's trials, sorted by label, in the first phase.

    Raises:
        RecordError: when no activity was recorded.
    """
    with ActivityReader(folder.activity) as reader:
        phase = first_phase(reader)
        label = labels(reader, phase)
        figure, axes = style.panels(len(reader.populations), columns=3, height=2.5)
        for panel, population in zip(axes, reader.populations, strict=True):
            image = _raster(panel, responses(reader, population.name, phase), label)
            style.scale(figure, panel, image, extend="max")
            style.name(panel, population.name, "neuron", "trial, by label")
        figure.suptitle(f"{reader.variable} ({reader.units}), phase {phase!r}", fontsize=9, color=style.INK)
    return figure


def weight_distributions(folder: RunFolder) -> Figure:
    """Draw the magnitudes of each plastic projection's existing synapses at the first and the last snapshot.

    Raises:
        RecordError: when no weights were recorded or nothing is plastic.
    """
    with WeightsReader(folder.weights) as reader, fitting():
        plastic = [synapses for synapses in reader.synapses if synapses.plastic]
        if not plastic or not reader.snapshots:
            raise RecordError("The run holds no weights of a plastic projection; there is no change to draw.")
        figure, axes = style.panels(len(plastic), columns=3, height=2.4)
        for panel, synapses in zip(axes, plastic, strict=True):
            _histogram(panel, reader, synapses.name)
            style.name(panel, synapses.name, "synaptic magnitude" if synapses.sign else "signed weight", "synapses")
    return figure


def confusion_matrix(folder: RunFolder) -> Figure:
    """Draw which class the output answered to each label in the first phase of the last epoch's trials.

    Raises:
        RecordError: when the output was not recorded or the task has no labels.
    """
    output, label = predictions(folder)
    classes = output.shape[1]
    counts = confusion(output, label, classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, (panel,) = style.panels(1, columns=1, width=5.2, height=4.4)
    image = panel.imshow(100 * share, cmap=style.SHARES, vmin=0, vmax=100)
    style.scale(figure, panel, image, "trials of the label (%)", shrink=0.85)
    if classes <= ANNOTATED_CLASSES:
        _write_counts(panel, counts, share)
    wrong = 100 * classification_error(output, label)
    style.name(panel, f"{wrong:.2f} % of {len(label):,} recorded trials wrong", "most active output", "label")
    return figure


FIGURES: dict[str, Callable[[RunFolder], Figure]] = {
    each.__name__: each
    for each in (learning_curve, alignment_over_time, activity_raster, weight_distributions, confusion_matrix)
}
"""Every figure of a run by name, in the order of a report."""


def _known(lines: Lines, score: str) -> Lines:
    return [line for line in lines if line.get(score) is not None]


def _line(panel: Axes, lines: Lines, key: str, index: int, label: str) -> None:
    marker = "o" if len(lines) < 30 else None
    x, y = [line["epoch"] for line in lines], [line[key] for line in lines]
    panel.plot(x, y, label=label, marker=marker, markersize=3, **style.stroke(index))


def _or_nothing(read: Callable[[RunFolder], Lines], folder: RunFolder) -> Lines:
    """Return what can be read, or no lines: half a figure is better than none."""
    try:
        return read(folder)
    except RecordError:
        return []


def _weight_curves(folder: RunFolder) -> dict[str, Lines]:
    rows = _or_nothing(alignment, folder)
    return {
        f"{forward}, {kind}": [{"epoch": row["epoch"], **row[kind]} for row in rows if row["forward"] == forward]
        for forward in dict.fromkeys(row["forward"] for row in rows)
        for kind in ("excitatory", "effective")
    }


def _update_curves(folder: RunFolder) -> dict[str, Lines]:
    lines = [line for line in _or_nothing(metrics_lines, folder) if line.get("update_alignment")]
    names = dict.fromkeys(name for line in lines for name in line["update_alignment"])
    return {
        name: [{"epoch": x["epoch"], **x["update_alignment"][name]} for x in lines if name in x["update_alignment"]]
        for name in names
    }


def _angles(panel: Axes, curves: dict[str, Lines]) -> None:
    panel.axhline(90, color=style.FAINT, linewidth=0.8, linestyle=":")
    for index, (name, rows) in enumerate(curves.items()):
        _line(panel, rows, "angle", index, name)
    low, high = panel.get_ylim()
    for index, rows in enumerate(curves.values()):
        keys = ("epoch", "null_mean", "null_sd")
        epochs, mean, spread = np.array([[row[key] for key in keys] for row in rows], dtype=float).T
        band = {"color": style.stroke(index)["color"], "alpha": 0.15, "linewidth": 0}
        panel.fill_between(epochs, mean - 2 * spread, mean + 2 * spread, **band)
    panel.set_ylim(min(low, 80), max(high, 100))
    style.legend(panel, loc="upper left", bbox_to_anchor=(-0.02, -0.2))


def _raster(panel: Axes, activity: NDArray[np.floating[Any]], label: NDArray[np.int64]) -> AxesImage:
    """Draw activity (trial, neuron) as an image; the brightest half per cent shares one colour."""
    order = np.argsort(label, kind="stable")
    classes, starts = np.unique(label[order], return_index=True)
    preferred = np.argmax([activity[label == each].mean(axis=0) for each in classes], axis=0)
    shown = activity[order][:, np.argsort(preferred, kind="stable")]
    brightest = float(np.nan_to_num(np.quantile(activity, 0.995))) or 1.0
    smooth = "nearest" if shown.shape[1] < FEW_NEURONS else "antialiased"
    image = panel.imshow(shown, aspect="auto", cmap=style.MAP, vmin=0, vmax=brightest, interpolation=smooth)
    panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    middles = (starts + np.append(starts[1:], len(label)) - 1) / 2
    names = ["" if each < 0 else str(each) for each in classes]
    thin = slice(None, None, 1 + len(classes) // 12)
    panel.set_yticks(middles[thin], names[thin])
    panel.tick_params(length=0)
    return image


def _histogram(panel: Axes, reader: WeightsReader, projection: str) -> None:
    exists = np.asarray(reader.mask(projection), dtype=bool)
    first, last = (_finite(reader.weights(reader.snapshots[index].name, projection)[exists]) for index in (0, -1))
    fineness = int(np.clip(np.sqrt(first.size), 10, 60))
    bins = np.histogram_bin_edges(np.concatenate([first, last]), bins=fineness).tolist()
    panel.hist(first, bins, color=style.PALE, label=reader.snapshots[0].name)
    panel.hist(last, bins, histtype="step", color=style.COLOURS[0], linewidth=1.3, label=reader.snapshots[-1].name)
    panel.set_yscale("log")
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.xaxis.set_major_locator(MaxNLocator(5))
    style.legend(panel)


def _finite(weights: NDArray[Any]) -> NDArray[Any]:
    return np.extract(np.isfinite(weights), weights)


def _write_counts(panel: Axes, counts: NDArray[np.int64], share: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(counts > 0):
        ink = "white" if share[row, column] > 0.5 else style.INK
        panel.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=8, color=ink)
    panel.set_xticks(range(len(counts)))
    panel.set_yticks(range(len(counts)))
