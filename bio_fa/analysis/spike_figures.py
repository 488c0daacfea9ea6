"""Figures of spikes and potentials: each function draws one from the run folder, or raises the reason why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bio_fa.analysis import style
from bio_fa.analysis.responses import first_phase, last_epoch
from bio_fa.analysis.run_table import thresholds
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, PopulationInfo, Spikes
from bio_fa.io.run_folder import RunFolder
from bio_fa.measures import firing_rates, isi_cv, isi_cv2

TRIALS, NEURONS, TRACES = 3, 40, 3
"""How many trials a raster shows, of each population how many neurons, and how many of them their potential."""
GAP = 4
"""Rows between two populations of a raster."""
TIME, ABOVE_PHASES = "time in the trial (ms)", 14
"""The axis of time, and how many points the names of phases take above a panel."""
INTERVALS = 10
"""Fewest intervals, and pairs of them, of which a variation is taken. Choice: with fewer its standard error exceeds a third."""
INKS = {"E": style.COLOURS[0], "I": style.COLOURS[1], "U": style.INK}
"""The colour of a raster by cell type."""

Values = NDArray[np.float64]


def spike_raster(folder: RunFolder) -> Figure:
    """Draw the spikes of the last epoch's first recorded trials, population upon population.

    Raises:
        RecordError: when no spikes were recorded.
    """
    with ActivityReader(folder.activity) as reader:
        shown, epoch = _spiking(reader), last_epoch(reader)
        trials = _first_trials(reader)
        figure, axes = style.panels(len(trials), columns=TRIALS, height=1.4 + 0.65 * len(shown))
        for number, (panel, (label, borders)) in enumerate(zip(axes, trials, strict=True)):
            base = 0
            for info in shown:
                neurons = info.recorded[np.unique(np.linspace(0, len(info.recorded) - 1, NEURONS).round().astype(int))]
                fired = reader.spikes(info.name, epoch=epoch, trials=slice(number, number + 1))
                _ticks(panel, fired, neurons, base, INKS[info.cell_type])
                base += len(neurons) + GAP
            _stack(panel, shown, named=number == 0)
            _mark(panel, borders)
            style.name(panel, label, TIME, "neurons, by population" if number == 0 else " ", ABOVE_PHASES)
    return figure


def membrane_traces(folder: RunFolder) -> Figure:
    """Draw the potentials of a few neurons of each population in the last epoch's first recorded trial, with their spikes.

    Raises:
        RecordError: when no potentials were recorded.
    """
    if not folder.potential.exists():
        raise RecordError("The run recorded no potentials; ask for some neurons of each population, with record.potentials.")
    limits = thresholds(folder)
    with ActivityReader(folder.potential) as potentials, ActivityReader(folder.activity) as activity:
        figure, axes = style.panels(len(potentials.populations), columns=2, height=2.1)
        borders = _first_trials(potentials)[0][1]
        for panel, info in zip(axes, potentials.populations, strict=True):
            _traces(panel, potentials, info.name)
            if info.name in limits:
                panel.axhline(limits[info.name], color=style.FAINT, linewidth=0.8, linestyle="--")
                _spikes_above(panel, activity, info, limits[info.name])
            _mark(panel, borders)
            style.name(panel, info.name, TIME, "potential", ABOVE_PHASES)
    return figure


def firing_rate_distributions(folder: RunFolder) -> Figure:
    """Draw how often the neurons of each population fired in the first phase of the last epoch's recorded trials.

    Raises:
        RecordError: when no spikes were recorded.
    """
    with ActivityReader(folder.activity) as reader:
        shown = _spiking(reader)
        figure, axes = style.panels(len(shown), columns=3, height=2.3)
        for panel, info in zip(axes, shown, strict=True):
            rates = _rates(reader, info)
            panel.hist(rates, bins=_edges(rates, 25), color=INKS[info.cell_type])
            panel.set_xlim(left=0)
            panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
            style.name(panel, f"{info.name}: mean {rates.mean():.3g} Hz", "firing rate (Hz)", "neurons")
    return figure


def isi_variability(folder: RunFolder) -> Figure:
    """Draw how irregularly the neurons of each population fired in the first phase of the last epoch's recorded trials.

    Raises:
        RecordError: when no spikes were recorded, or no neuron fired often enough.
    """
    with ActivityReader(folder.activity) as reader:
        shown, phase, epoch = _spiking(reader), first_phase(reader), last_epoch(reader)
        trains = [(*reader.spikes(info.name, phase, epoch), info.size) for info in shown]
    found = [[measure(time, who, trial, size, INTERVALS) for measure in (isi_cv2, isi_cv)] for trial, time, who, size in trains]
    if not any(np.isfinite(cv2).any() for cv2, _ in found):
        few = f"No neuron had {INTERVALS} pairs of intervals between its spikes in a phase"
        raise RecordError(f"{few}; record more or longer trials.")
    figure, axes = style.panels(len(shown), columns=3, height=2.3)
    for panel, info, (cv2, cv) in zip(axes, shown, found, strict=True):
        bins = np.arange(0, max(1.6, np.nanmax([*cv2, *cv, 0.0])) + 0.1, 0.1).tolist()
        known = _known(cv2)
        panel.hist(known, bins, color=INKS[info.cell_type], label="CV₂")
        panel.hist(_known(cv), bins, histtype="step", color=style.FAINT, linewidth=1.1, label="CV")
        panel.axvline(1, color=style.FAINT, linewidth=0.8, linestyle=":")
        panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        panel.set_ylim(0, None if len(known) else 1)
        counted = f"{info.name}: {len(known):,} of {len(info.recorded):,} neurons"
        style.name(panel, counted, "variation of interspike intervals", "neurons")
    style.legend(axes[0])
    return figure


SPIKE_FIGURES: dict[str, Callable[[RunFolder], Figure]] = {
    each.__name__: each for each in (spike_raster, membrane_traces, firing_rate_distributions, isi_variability)
}
"""Every figure of a run with spikes, by name, in the order of a report."""


def _spiking(reader: ActivityReader) -> list[PopulationInfo]:
    """Return the populations whose spikes were recorded."""
    last_epoch(reader)
    if not reader.spiking:
        raise RecordError("The run recorded no spikes; ask for them, with record.spikes.")
    return [info for info in reader.populations if info.name in reader.spiking]


def _first_trials(reader: ActivityReader) -> list[tuple[str, dict[str, float]]]:
    """Return the first trials of the last epoch: what each is called, and when each of its phases ends, in ms from its start."""
    trials = reader.trials()
    chosen = trials["epoch"] == last_epoch(reader)
    numbers = np.unique(trials["trial"][chosen])[:TRIALS]
    return [_trial(reader, {key: column[chosen & (trials["trial"] == each)] for key, column in trials.items()}) for each in numbers]


def _trial(reader: ActivityReader, entries: dict[str, NDArray[Any]]) -> tuple[str, dict[str, float]]:
    ends = entries["stop_time"] - entries["start_time"][0]
    stimulus, label = entries["stimulus_id"][0], entries["label"][0]
    called = f"trial {stimulus}" if label < 0 else f"trial {stimulus}, label {label}"
    return called, {reader.phases[phase]: float(end) for phase, end in zip(entries["phase"], ends, strict=True)}


def _ticks(panel: Axes, fired: Spikes, neurons: NDArray[np.int64], base: int, colour: str) -> None:
    """Draw the spikes of some neurons, a row each from ``base`` on."""
    row = np.searchsorted(neurons, fired.neuron).clip(max=len(neurons) - 1)
    seen = neurons[row] == fired.neuron
    rows = base + row[seen]
    panel.vlines(1e3 * fired.time[seen], rows, rows + 1, color=colour, linewidth=0.9)


def _stack(panel: Axes, shown: list[PopulationInfo], named: bool) -> None:
    """Name the populations of a raster beside their rows."""
    heights = [min(len(info.recorded), NEURONS) + GAP for info in shown]
    starts = np.cumsum([0, *heights])
    panel.set_ylim(-GAP / 2, starts[-1] - GAP / 2)
    middles = starts[:-1] + (np.array(heights) - GAP) / 2
    panel.set_yticks(middles, [info.name for info in shown] if named else [""] * len(shown))
    panel.tick_params(axis="y", length=0)
    for border in starts[1:-1] - GAP / 2:
        panel.axhline(border, color=style.PALE, linewidth=0.6)


def _mark(panel: Axes, borders: dict[str, float]) -> None:
    """Mark where phases end, and name them."""
    start = 0.0
    for phase, end in borders.items():
        panel.axvline(end, color=style.FAINT, linewidth=0.8, linestyle=":")
        panel.annotate(
            phase,
            ((start + end) / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 1),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            color=style.FAINT,
        )
        start = end
    panel.set_xlim(0, start)


def _traces(panel: Axes, potentials: ActivityReader, population: str) -> None:
    (potential,) = potentials.frames(population, epoch=last_epoch(potentials), trials=slice(0, 1))
    time = 1e3 * potentials.frame * np.arange(len(potential))
    for index, trace in enumerate(potential[:, :TRACES].T):
        panel.plot(time, trace, linewidth=0.9, color=style.COLOURS[index])


def _spikes_above(panel: Axes, activity: ActivityReader, info: PopulationInfo, threshold: float) -> None:
    """Draw the spikes of the neurons whose potential is drawn, above their threshold."""
    if info.name not in activity.spiking:
        return
    fired = activity.spikes(info.name, epoch=last_epoch(activity), trials=slice(0, 1))
    low, high = panel.get_ylim()
    height = 0.12 * (max(high, threshold) - low)
    for index, neuron in enumerate(info.recorded[:TRACES]):
        foot = threshold + height * (0.3 + 1.1 * index)
        panel.vlines(1e3 * fired.time[fired.neuron == neuron], foot, foot + height, color=style.COLOURS[index], linewidth=1.1)


def _known(values: Values) -> Values:
    return np.extract(np.isfinite(values), values)


def _rates(reader: ActivityReader, info: PopulationInfo) -> Values:
    """Return the firing rate of each recorded neuron in the first phase of the last epoch's trials, in hertz: (neuron,)."""
    phase, epoch, trials = first_phase(reader), last_epoch(reader), reader.trials()
    chosen = (trials["epoch"] == epoch) & (trials["phase"] == reader.phases.index(phase))
    seconds = float((trials["stop_time"] - trials["start_time"])[chosen].sum()) / 1e3
    parts = [each.neuron for each in reader.spike_chunks(info.name, phase, epoch)]
    return firing_rates(np.concatenate([np.zeros(0, np.int64), *parts]), info.size, seconds)[info.recorded]


def _edges(values: Values, count: int) -> list[float]:
    """Return the edges of so many equal bins from 0 to the largest value."""
    return [each * max(float(values.max()), 1.0) / count for each in range(count + 1)]
