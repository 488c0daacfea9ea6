"""Aims at figures of spikes that draw other times, neurons or trials than were recorded, or hide why they cannot be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from bio_fa.analysis import spike_figures, style
from bio_fa.analysis.figures import FIGURES
from bio_fa.analysis.report import CAPTIONS, figures
from bio_fa.errors import RecordError
from tests.analysis.synthetic_spikes import CHANCE, PERIOD, PHASES, STEPS, SpikingRun, potentials, spiking_run
from tests.analysis.test_figures import panels


@pytest.fixture
def spikes(tmp_path) -> SpikingRun:
    return spiking_run(tmp_path / "run")


def ticks(panel) -> list[tuple[float, float, str]]:
    """Return (time in ms, foot, colour) of every tick of a panel."""
    found = []
    for each in panel.collections:
        if isinstance(each, LineCollection):
            found += [(*segment[0].tolist(), to_hex(each.get_colors()[0])) for segment in each.get_segments()]
    return found


@pytest.mark.parametrize("name", spike_figures.SPIKE_FIGURES)
def test_every_panel_is_titled_and_its_axes_are_named(spikes, name):
    drawn = panels(spike_figures.SPIKE_FIGURES[name](spikes.write()))
    assert drawn
    assert all(each.get_xlabel() and each.get_ylabel() for each in drawn)
    assert CAPTIONS[name]


def test_the_raster_shows_the_first_trials_of_the_last_epoch_by_their_label(spikes):
    drawn = panels(spike_figures.spike_raster(spikes.write()))
    assert [each.get_title(loc="left") for each in drawn] == [f"trial {20 + n}, label {n}" for n in range(3)]
    assert [each.get_text() for each in drawn[0].get_yticklabels()] == ["V0_E", "V1_E", "V1_I"]


def test_a_raster_draws_every_spike_of_a_small_population_at_its_time_and_row(spikes):
    """V1_E stands on the 40 rows of V0_E and a gap of 4; neuron n fires in steps n, n + 10, … of either phase."""
    panel = panels(spike_figures.spike_raster(spikes.write()))[1]
    regular = sorted((time, foot) for time, foot, _ in ticks(panel) if 44 <= foot < 56)
    trains = [(offset + step, 44 + n) for n in range(12) for offset in (0, STEPS) for step in range(n % PERIOD, STEPS, PERIOD)]
    np.testing.assert_allclose(regular, sorted(trains), rtol=1e-12)
    assert not [foot for _, foot, _ in ticks(panel) if foot >= 56], "the inhibitory neurons are silent"


def test_a_raster_draws_every_so_manieth_neuron_of_a_large_population(spikes):
    panel = panels(spike_figures.spike_raster(spikes.write()))[0]
    shown = np.unique(np.linspace(0, 99, 40).round().astype(int)).tolist()
    expected = []
    for number, phase in enumerate(PHASES):
        for step, trial, neuron in spikes.spikes[phase]["V0_E"].tolist():
            expected += [(STEPS * number + step, shown.index(neuron))] if trial == 0 and neuron in shown else []
    drawn = [(round(time), round(foot)) for time, foot, _ in ticks(panel) if foot < 40]
    assert sorted(drawn) == sorted(expected)


def test_excitation_and_inhibition_differ_in_colour(spikes):
    inhibitory = np.array([[3, 0, 1], [50, 0, 4]])
    for phase in PHASES:
        spikes.spikes[phase]["V1_I"] = inhibitory
    found = ticks(panels(spike_figures.spike_raster(spikes.write()))[0])
    assert {colour for _, foot, colour in found if foot < 56} == {style.COLOURS[0].lower()}
    assert {colour for _, foot, colour in found if foot >= 60} == {style.COLOURS[1].lower()}
    assert sorted(round(time) for time, foot, _ in found if foot >= 60) == [3, 50, 203, 250]


@pytest.mark.parametrize("name", ["spike_raster", "membrane_traces"])
def test_phases_are_marked_and_named_where_they_lie(spikes, name):
    panel = panels(spike_figures.SPIKE_FIGURES[name](spikes.write()))[0]
    vertical = {line.get_xdata()[0] for line in panel.lines if len(set(line.get_xdata())) == 1}
    assert {200.0, 400.0} <= vertical
    assert {each.get_text(): each.xy[0] for each in panel.texts} == {"free": 100.0, "nudged": 300.0}
    assert panel.get_xlim() == (0, 400)


def test_traces_are_the_potentials_of_the_first_trial_with_their_threshold_and_spikes(spikes):
    drawn = {each.get_title(loc="left"): each for each in panels(spike_figures.membrane_traces(spikes.write()))}
    assert set(drawn) == {"V1_E", "V1_I", "V2_E"}
    traces = [line for line in drawn["V1_E"].lines if len(line.get_xdata()) == 2 * STEPS]
    assert len(traces) == 3
    for neuron, trace in enumerate(traces):
        expected = np.concatenate([potentials(phase)["V1_E"][:, 0, neuron] for phase in PHASES])
        np.testing.assert_array_equal(trace.get_ydata(), expected)
        np.testing.assert_allclose(trace.get_xdata(), np.arange(2 * STEPS), rtol=1e-9)
        times = sorted(time for time, _, colour in ticks(drawn["V1_E"]) if colour == to_hex(trace.get_color()))
        assert times == pytest.approx([*range(neuron, STEPS, PERIOD), *range(STEPS + neuron, 2 * STEPS, PERIOD)])
    assert all(foot > 1.0 for _, foot, _ in ticks(drawn["V1_E"])), "above the threshold"
    level = {name: [line.get_ydata()[0] for line in each.lines if line.get_linestyle() == "--"] for name, each in drawn.items()}
    assert level == {"V1_E": [1.0], "V1_I": [1.0], "V2_E": []}
    assert ticks(drawn["V2_E"]) == []


def test_neurons_that_were_not_recorded_are_not_drawn_as_silent(spikes):
    spikes.chosen = {"V1_E": (3, 8)}
    folder = spikes.write()
    regular = panels(spike_figures.firing_rate_distributions(folder))[1]
    assert regular.get_title(loc="left") == f"V1_E: mean {1e3 / PERIOD:g} Hz"
    assert sum(each.get_height() for each in regular.patches) == 2
    assert panels(spike_figures.isi_variability(folder))[1].get_title(loc="left") == "V1_E: 2 of 2 neurons"
    rows = {foot for _, foot, _ in ticks(panels(spike_figures.spike_raster(folder))[0]) if foot >= 44}
    assert rows == {44.0, 45.0}


def test_rates_are_spikes_over_the_time_of_all_trials_in_the_first_phase(spikes):
    source, regular, silent = panels(spike_figures.firing_rate_distributions(spikes.write()))
    assert regular.get_title(loc="left") == f"V1_E: mean {1e3 / PERIOD:g} Hz"
    assert silent.get_title(loc="left") == "V1_I: mean 0 Hz"
    mean = float(source.get_title(loc="left").split()[2])
    count = len(spikes.spikes["free"]["V0_E"]) / (100 * 6 * STEPS * 1e-3)
    assert mean == pytest.approx(count, rel=5e-3)
    assert mean == pytest.approx(1e3 * CHANCE, rel=0.1)
    for panel, size in ((source, 100), (regular, 12), (silent, 5)):
        assert sum(bar.get_height() for bar in panel.containers[0]) == size
    (bar,) = [each for each in regular.containers[0] if each.get_height()]
    assert bar.get_x() <= 100 <= bar.get_x() + bar.get_width() + 1e-9


def test_irregularity_is_0_of_regular_and_about_1_of_poisson_neurons_and_counts_those_that_have_one(spikes):
    source, regular, silent = panels(spike_figures.isi_variability(spikes.write()))
    titles = [each.get_title(loc="left") for each in (source, regular, silent)]
    assert titles == ["V0_E: 100 of 100 neurons", "V1_E: 12 of 12 neurons", "V1_I: 0 of 5 neurons"]
    (bar,) = [each for each in regular.containers[0] if each.get_height()]
    assert (bar.get_x(), bar.get_height()) == (pytest.approx(0), 12)
    heights = {round(bar.get_x() + bar.get_width() / 2, 2): bar.get_height() for bar in source.containers[0]}
    mean = sum(x * n for x, n in heights.items()) / 100
    assert 0.75 < mean < 1.05, "a phase of ten mean intervals hides some of the longest"
    assert [each.get_text() for each in source.get_legend().get_texts()] == ["CV₂", "CV"]


def test_too_few_intervals_give_the_reason(spikes):
    few = {name: fired[fired[:, 0] < 1] for name, fired in spikes.spikes["free"].items()}
    spikes.spikes = dict.fromkeys(PHASES, few)
    with pytest.raises(RecordError, match="No neuron had 10 pairs of intervals between its spikes in a phase"):
        spike_figures.isi_variability(spikes.write())


@pytest.mark.parametrize("name", ["spike_raster", "firing_rate_distributions", "isi_variability"])
def test_a_run_that_kept_no_spikes_says_so(spikes, name):
    spikes.spiking = ()
    with pytest.raises(RecordError, match=r"recorded no spikes; ask for them, with record.spikes"):
        spike_figures.SPIKE_FIGURES[name](spikes.write())


def test_a_run_that_kept_no_potentials_says_so(spikes):
    spikes.probed = False
    with pytest.raises(RecordError, match=r"recorded no potentials; ask for some .* record.potentials"):
        spike_figures.membrane_traces(spikes.write())


@pytest.mark.parametrize("name", spike_figures.SPIKE_FIGURES)
def test_a_run_that_stopped_at_once_gives_the_reason_instead(spikes, name):
    spikes.trials, spikes.probed = 0, False
    with pytest.raises(RecordError, match="no trial|no potentials"):
        spike_figures.SPIKE_FIGURES[name](spikes.write())


def test_traces_without_spikes_are_drawn_all_the_same(spikes):
    spikes.spiking = ()
    drawn = panels(spike_figures.membrane_traces(spikes.write()))
    assert len(drawn) == 3
    assert [ticks(each) for each in drawn] == [[], [], []]


def test_a_run_of_rates_has_no_figures_of_spikes_and_traces_only_if_it_kept_potentials(spikes):
    folder = spikes.write()
    assert list(figures(folder)) == [*FIGURES, *spike_figures.SPIKE_FIGURES]
    spikes.run.table["spiking"] = False
    folder.write_json(folder.run, spikes.run.table)
    assert list(figures(folder)) == [*FIGURES, "membrane_traces"]
    folder.potential.unlink()
    assert list(figures(folder)) == list(FIGURES)
