"""SONATA: a run as a circuit and its output, a folder that a configuration file of each describes.

===========================  ============================================================================================
file                         holds
===========================  ============================================================================================
``circuit_config.json``      where neurons and synapses are, those of the last snapshot
``simulation_config.json``   the circuit, its output, and how long it ran
``nodes.h5``                 every population, as in ``activity.h5``, and the constant unit drive, a virtual population
``node_types.csv``           their one type: the neurons' equations are not SONATA's
``edges_<snapshot>.h5``      the synapses of each projection: ``source_node_id``, ``target_node_id``, ``0/syn_weight``, signed
                             as the neurons are, and ``0/delay`` in ms where spikes take time
``edge_types.csv``           a type for each projection: its compartment, and whether it learned
``activity.h5``,             the record itself, which is SONATA: spikes, and a report of each population
``report_<variable>.h5``
``node_sets.json``           who was recorded in each report, ``test_activity``: all of a population, or the neurons listed
``learning_…``               where trials of learning were recorded: those, and their simulation's configuration
===========================  ============================================================================================

Source: Dai et al. (2020), The SONATA data format, PLoS Comput. Biol. 16, e1007696.
Choice: weights of inhibitory neurons are negative, as simulators of point neurons want them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from bio_fa.errors import DescriptionError, RecordError
from bio_fa.io.activity import ActivityReader, PopulationInfo
from bio_fa.io.hdf5 import BOUNDS
from bio_fa.io.nodes import CELL_TYPE, ROLES, write_nodes
from bio_fa.io.opened_run import TRIALS, OpenedRun, Trials
from bio_fa.io.plain import write_json

MAGIC, VERSION = np.uint32(0x0A7A), np.array([0, 1], dtype=np.uint32)


def write(run: OpenedRun, folder: Path) -> None:
    """Write a run as a SONATA circuit with its output into a new folder.

    Raises:
        RecordError: when the run recorded no activity or no weights, or for a damaged file.
        OSError: when the disk refuses.
    """
    projections = [run.weights(name) for name in run.projections]
    nodes = _populations(run, projections)
    simulations, sets = {"": _simulation(run, "test")}, _node_sets(run, "test")
    if "activity" in run.variables("learning"):
        simulations["learning_"] = _simulation(run, "learning")
        sets |= _node_sets(run, "learning")
    folder.mkdir()
    for path in (run.reader(variable, trials).path for trials in TRIALS for variable in run.variables(trials)):
        shutil.copyfile(path, folder / path.name)
    with _created(folder / "nodes.h5") as file:
        for info in nodes:
            write_nodes(file, info)
    snapshots, delays = [] if not projections else projections[0]["snapshot"].values.tolist(), _delays(run)
    for snapshot in snapshots:
        with _created(folder / f"edges_{snapshot}.h5") as file:
            for kind, weights in enumerate(projections):
                _write_edges(file, kind, weights.sel(snapshot=snapshot), delays.get(str(weights.name)))
    _write_types(folder, projections)
    write_json(folder / "circuit_config.json", _circuit(nodes, projections, snapshots[-1:]))
    write_json(folder / "node_sets.json", sets)
    for before, simulation in simulations.items():
        write_json(folder / f"{before}simulation_config.json", simulation)


def _created(path: Path) -> h5py.File:
    file = h5py.File(path, "x", libver=BOUNDS)
    file.attrs["magic"], file.attrs["version"] = MAGIC, VERSION
    return file


def _populations(run: OpenedRun, projections: list[xr.DataArray]) -> list[PopulationInfo]:
    """Return every population of the circuit, recorded or not, and the tonic drive where a projection is from there."""
    tonic = PopulationInfo(str(run.description.get("tonic")), 1, None, "none", "forward", "U")
    with _described(run):
        found = [
            PopulationInfo(each["name"], each["size"], each.get("sign"), area["name"], role, CELL_TYPE[each.get("sign")])
            for area in run.circuit["areas"]
            for role in ROLES
            for each in area[role]
        ]
    found += [tonic] if any(each.attrs["pre"] == tonic.name for each in projections) else []
    sizes = {info.name: info.size for info in found}
    for each in projections:
        if each.shape[1:] != tuple(sizes.get(each.attrs[end]) for end in ("post", "pre")):
            raise RecordError(f"{run.folder.weights}: {each.name!r} does not fit {run.folder.circuit}; restore a copy.")
    return found


def _delays(run: OpenedRun) -> dict[str, float]:
    """Return how long spikes take in each projection that they pass, ms."""
    with _described(run):
        passed = {f"{each['pre']}_to_{each['post']}": each.get("transmission", {}) for each in run.circuit.get("projections", ())}
        return {name: 1e3 * each["delay"] for name, each in passed.items() if "delay" in each}


@contextmanager
def _described(run: OpenedRun) -> Iterator[None]:
    """Turn what a table raises that is no circuit into a sentence."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, DescriptionError) as error:
        raise RecordError(f"{run.folder.circuit} describes no circuit ({error!r}); restore a copy or run again.") from error


def _write_edges(file: h5py.File, kind: int, weights: xr.DataArray, delay: float | None) -> None:
    """Write the existing synapses of a projection, those onto one neuron beside each other."""
    post, pre = np.nonzero(weights["exists"].values)
    group = file.create_group(f"edges/{weights.name}")
    for end, key, neurons in (("source", "pre", pre), ("target", "post", post)):
        group[f"{end}_node_id"] = neurons.astype(np.uint64)
        group[f"{end}_node_id"].attrs["node_population"] = weights.attrs[key]
    group["edge_type_id"] = np.full(len(pre), kind, dtype=np.int64)
    group["edge_group_id"] = np.zeros(len(pre), dtype=np.uint32)
    group["edge_group_index"] = np.arange(len(pre), dtype=np.uint64)
    group["0/syn_weight"] = (weights.attrs["sign"] or 1) * weights.values[post, pre]
    if delay is not None:
        group["0/delay"] = np.full(len(pre), delay)


def _write_types(folder: Path, projections: list[xr.DataArray]) -> None:
    """Write the tables of types, whose columns are separated by spaces."""
    kinds = [(kind, each.name, each.attrs["compartment"], int(each.attrs["plastic"])) for kind, each in enumerate(projections)]
    lines = ["edge_type_id population compartment plastic", *(" ".join(map(str, kind)) for kind in kinds)]
    (folder / "edge_types.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "node_types.csv").write_text("node_type_id model_type\n-1 point_neuron\n", encoding="utf-8")


def _circuit(nodes: list[PopulationInfo], projections: list[xr.DataArray], snapshots: list[str]) -> dict[str, Any]:
    """Return the configuration of the circuit, with the synapses of the last snapshot."""
    kinds = {info.name: {"type": "point_neuron" if info.area != "none" else "virtual"} for info in nodes}
    edges = {str(each.name): {"type": "chemical"} for each in projections}
    return {
        "manifest": {"$BASE_DIR": "."},
        "networks": {
            "nodes": [{"nodes_file": "$BASE_DIR/nodes.h5", "node_types_file": "$BASE_DIR/node_types.csv", "populations": kinds}],
            "edges": [
                {"edges_file": f"$BASE_DIR/edges_{name}.h5", "edge_types_file": "$BASE_DIR/edge_types.csv", "populations": edges}
                for name in snapshots
            ],
        },
    }


def _simulation(run: OpenedRun, trials: Trials) -> dict[str, Any]:
    """Return the configuration of the simulation of which the record of these trials is the output; times in ms."""
    reader, seed = run.reader(trials=trials), run.description.get("seed")
    step = reader.spike_table(reader.spiking[0]).dt if reader.spiking else reader.frame * 1e3
    spikes = {"spikes_file": reader.path.name} if reader.spiking else {}
    return {
        "manifest": {"$BASE_DIR": "."},
        "network": "$BASE_DIR/circuit_config.json",
        "node_sets_file": "$BASE_DIR/node_sets.json",
        "run": {"tstop": _end(reader), "dt": step, "random_seed": seed if isinstance(seed, int) else 0},
        "output": {"output_dir": "$BASE_DIR", **spikes},
        "reports": {each: _report(run.reader(each, trials), f"{trials}_{each}") for each in run.variables(trials)},
    }


def _report(reader: ActivityReader, cells: str) -> dict[str, Any]:
    what = {"type": "compartment", "variable_name": reader.variable, "unit": reader.units, "file_name": reader.path.name}
    return {"cells": cells, **what, "dt": reader.frame * 1e3, "start_time": 0.0, "end_time": _end(reader)}


def _end(reader: ActivityReader) -> float:
    return reader.rows * reader.frame * 1e3


def _node_sets(run: OpenedRun, trials: Trials) -> dict[str, Any]:
    """Return who was recorded, by report and population: ``test_activity``, which is ``test_activity_V1_E`` and the others."""
    sets: dict[str, Any] = {}
    for variable in run.variables(trials):
        for info in run.reader(variable, trials).populations:
            some = {} if info.neurons is None else {"node_id": list(info.neurons)}
            sets[f"{trials}_{variable}_{info.name}"] = {"population": info.name, **some}
            sets.setdefault(f"{trials}_{variable}", []).append(f"{trials}_{variable}_{info.name}")
    return sets
