"""How much feedback does learning need? Every learning rule of the catalogue on one network.

Question: where on the spectrum from no feedback to the exact gradient does each rule land, on one task, with one budget?
Prediction: gradient ≈ right signs ≥ learned ≥ random vector ≥ target only > scalar > none (Lillicrap et al. 2020, figure 1).

    python -m experiments.spectrum_mnist [--seeds 3] [--rules feedback_alignment …] [--output runs/spectrum_mnist]
    python -m experiments.spectrum_mnist --output runs/spectrum_cortical --set circuit.kind=cortical_network

The second line repeats it under every constraint: Dale's law, rates ≥ 0, half of the synapses, separate feedback neurons.

Every rule learns MNIST as ``spectrum_mnist.toml`` says, but for the settings in ``SETTINGS``, chosen so that a run stays below six
minutes of two cores. Runs that the output folder holds already are not repeated. The table (mean ± standard deviation of the
test error over seeds, angle between the first area's change and the gradient, locality, violations, seconds) is printed and left
in the folder, as is ``measured.json``, which the pages of docs/rules/ quote. Runtime: about two hours a seed on one core.
Results: docs/rules/README.md and docs/science.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bio_fa import load, run
from bio_fa.analysis import inspect_run
from bio_fa.catalogue import Entry, catalogue
from bio_fa.errors import DescriptionError, DivergenceError

EXACT = "training.update=[{kind='adaptive', rate=5e-4, floor=1e-12}]"
"""For changes of size γᵏ, k steps below the output, of which the usual floor would leave little."""
SETTINGS: dict[str, tuple[str, ...]] = {
    "burst_dependent": ("training.update=[{kind='adaptive', rate=3e-3}]",),
    "competitive_readout": ("training.update=[{kind='adaptive', rate=3e-3}]", "training.epochs=6"),
    "contrastive_hebbian": (EXACT, "training.epochs=4"),
    "dendritic_microcircuit": ("training.update=[{kind='adaptive', rate=1e-3, floor=1e-10}]", "training.epochs=8"),
    "difference_target_propagation": ("circuit.neuron={kind='tanh_rate'}", "training.update=[{kind='adaptive', rate=1e-3}]"),
    "direct_random_target_projection": ("circuit.neuron={kind='tanh_rate'}", "training.update=[{kind='scale', rate=0.4}]"),
    "equilibrium_propagation": (EXACT, "training.epochs=5"),
    "fixed_weight_target_propagation": ("circuit.neuron={kind='tanh_rate'}", "training.update=[{kind='adaptive', rate=1e-3}]"),
    "gene_rec": (
        EXACT,
        "circuit.neuron={kind='saturating_rate'}",
        "training.constraints=[{kind='weight_norm', norm=1.0}]",
        "training.epochs=2",
    ),
    "hebbian_readout": ("training.update=[{kind='adaptive', rate=3e-3}]", "training.epochs=10"),
    "node_perturbation": ("training.update=[{kind='adaptive', rate=7e-4}]", "training.batch=128"),
    "predictive_coding": ("training.update=[{kind='adaptive', rate=1e-3}]", "training.epochs=8"),
    "reinforce": ("training.update=[{kind='adaptive', rate=1e-4}]", "training.batch=128"),
    "symmetric_equilibrium_propagation": (EXACT, "training.epochs=5"),
    "weight_mirror": ("circuit.neuron={kind='tanh_rate'}", "training.epochs=15"),
    "weight_perturbation": ("training.update=[{kind='scale', rate=4e-4}]",),
}
"""What differs from ``spectrum_mnist.toml``, by rule."""
HALF = "connectivity={kind='fixed_in_degree', density=0.5}"
VARIANTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sparse feedback_alignment": ("feedback_alignment", (f"circuit.{HALF}", f"rule.wiring.{HALF}")),
}
"""Further rows of the table: a rule, and what else differs. Sparse: half of the synapses of W and B are absent."""
AUDITED = ("dale", "mask", "negative_rate")
HEADING = [
    "| learning rule | feedback | local | test error, % | training error, % | angle to the gradient | violations | s | runs |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
]


@dataclass(frozen=True)
class Result:
    """What the runs of one rule found; errors in %."""

    test_error: float
    spread: float
    """Standard deviation of the test error over seeds; 0 for one."""
    training_error: float
    angle: float | None
    """Between the change of the first area and the gradient, in degrees."""
    violations: int
    """Of the laws that the circuit has: Dale's only where populations have a sign, rates ≥ 0 only where neurons are not signed."""
    seconds: float
    """Of training, the quickest run: what else the machine does only adds to it."""
    epochs: int
    seeds: int
    settings: tuple[str, ...]
    """What differed from ``spectrum_mnist.toml``."""

    @classmethod
    def of(cls, found: Sequence[dict[str, Any]], settings: Sequence[str] = ()) -> Result:
        """Return the summary of runs that differ in their seed."""
        test, training = ([100 * each["metrics"][f"{split}_error"] for each in found] for split in ("test", "train"))
        angles = [angle for each in found if (angle := _angle(each)) is not None]
        return cls(
            test_error=statistics.mean(test),
            spread=statistics.stdev(test) if len(test) > 1 else 0.0,
            training_error=statistics.mean(training),
            angle=statistics.mean(angles) if angles else None,
            violations=sum(each["audit"][f"{kind}_violations"] or 0 for each in found for kind in AUDITED),
            seconds=min(each["timing"]["training_seconds"] for each in found),
            epochs=found[0]["metrics"]["epochs"],
            seeds=len(found),
            settings=tuple(settings),
        )

    def row(self, name: str, rule: Entry) -> str:
        """Return the row of the table."""
        spread = f" ± {self.spread:.2f}" if self.seeds > 1 else ""
        angle = "–" if self.angle is None else f"{self.angle:.0f}°"
        what = f"{self.test_error:.2f}{spread} | {self.training_error:.2f} | {angle} | {self.violations}"
        return f"| `{name}` | {rule.feedback} | {'yes' if rule.local else 'no'} | {what} | {self.seconds:.0f} | {self.seeds} |"


class Row(NamedTuple):
    """A row of the table: what learns, and what differs from the configuration."""

    name: str
    rule: Entry
    settings: tuple[str, ...]


def plan(rules: Sequence[str]) -> list[Row]:
    """Return the rows of these rules, or of all where none is named."""
    entries = {each.name: each for each in catalogue()}
    every = {name: (name, ()) for name in entries} | VARIANTS
    chosen = {name: every[name] for name in every if not rules or name in rules}
    return [Row(name, entries[rule], (*SETTINGS.get(rule, ()), *more)) for name, (rule, more) in chosen.items()]


def study(config: Path, output: Path, rows: Sequence[Row], seeds: int, overrides: Sequence[str]) -> dict[str, Result]:
    """Let every rule learn with every seed; return what was found by row, without those that are refused."""
    results = {}
    for name, rule, settings in rows:
        differing = (*settings, *overrides)
        places = {seed: output / f"{name.replace(' ', '_')}-{seed}" for seed in range(1, seeds + 1)}
        try:
            found = [_one(config, place, [f"rule.kind={rule.name}", *differing, f"seed={seed}"]) for seed, place in places.items()]
        except (DescriptionError, DivergenceError) as error:
            print(f"| `{name}` | {rule.feedback} | refused: {error} |", flush=True)
            continue
        results[name] = Result.of(found, differing)
        print(results[name].row(name, rule), flush=True)
    return results


def _angle(found: dict[str, Any]) -> float | None:
    first: dict[str, float] = (found["update_alignment"] or {}).get("input_to_H1", {})
    return first.get("angle")


def _one(config: Path, place: Path, overrides: list[str]) -> dict[str, Any]:
    settings, experiment = load(config, overrides)
    kept = place / "config.toml"
    finished = kept.is_file() and kept.read_text(encoding="utf-8") == settings.text() and _status(place) == "finished"
    if not finished:
        run(experiment, place, overwrite=True, texts=settings.texts(config.parent))
    return inspect_run(place)


def _status(place: Path) -> str:
    return str(json.loads((place / "run.json").read_text(encoding="utf-8"))["status"])


def main() -> None:
    """Read the command line, run the study, and leave its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path(__file__).with_suffix(".toml"))
    parser.add_argument("--output", type=Path, default=Path("runs/spectrum_mnist"))
    parser.add_argument("--rules", nargs="*", default=[], help="only these")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value", dest="overrides")
    options = parser.parse_args()
    rows = plan(options.rules)
    results = study(options.config, options.output, rows, options.seeds, options.overrides)
    best_first = sorted((each for each in rows if each.name in results), key=lambda each: results[each.name].test_error)
    table = [results[each.name].row(each.name, each.rule) for each in best_first]
    (options.output / "table.md").write_text("\n".join([*HEADING, *table]) + "\n", encoding="utf-8")
    measured = {name: asdict(result) for name, result in results.items()}
    (options.output / "measured.json").write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
