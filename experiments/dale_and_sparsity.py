"""What does each constraint cost?

Question: of the distance between an unconstrained network and the flagship, how much is due to local learning, to
sparsity, and to Dale's law with its separate feedback populations?
Prediction: backpropagation loses little to the constraints, so that the price of Dale's law is paid in the alignment of
the feedback, not in what the circuit could represent.

    python -m experiments.dale_and_sparsity [--seeds 3] [--output runs/dale_and_sparsity] [--set training.epochs=60 …]

Every variant runs the same task, sizes, seeds and epochs as ``digits_hierarchy.toml`` (``--config`` takes another file);
what differs is in ``VARIANTS``. The table (mean ± standard deviation of the test error over seeds) is printed and left
in the output folder. Runtime: about ten minutes on two cores. Results: docs/science.md.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bio_fa import load, run
from bio_fa.analysis import inspect_run

LOCAL, GRADIENT = "training.learning='local'", "training.learning='gradient'"
UNSIGNED, DALEAN = "circuit.model='mlp'", "circuit.model='cortical_hierarchy'"
DENSE, SPARSE = "circuit.density=1.0", "circuit.density=0.5"

VARIANTS = {
    "backpropagation, unconstrained": (GRADIENT, UNSIGNED, DENSE),
    "local, unconstrained": (LOCAL, UNSIGNED, DENSE),
    "local, 50 % sparse": (LOCAL, UNSIGNED, SPARSE),
    "local, Dale": (LOCAL, DALEAN, DENSE),
    "local, Dale, 50 % sparse (the flagship)": (LOCAL, DALEAN, SPARSE),
    "backpropagation, Dale, 50 % sparse": (GRADIENT, DALEAN, SPARSE),
}


def study(config: Path, output: Path, seeds: int, overrides: Sequence[str]) -> list[str]:
    """Run every variant with every seed; return the rows of the table."""
    rows = ["| variant | test error, % | violations | runs |", "| --- | --- | --- | --- |"]
    for name, differences in VARIANTS.items():
        found = [_one(config, output, name, [*overrides, *differences, f"seed={seed}"]) for seed in range(1, seeds + 1)]
        errors = [100 * each["metrics"]["test_error"] for each in found]
        spread = f" ± {statistics.stdev(errors):.2f}" if len(errors) > 1 else ""
        rows.append(f"| {name} | {statistics.mean(errors):.2f}{spread} | {sum(map(_violations, found))} | {len(errors)} |")
        print(rows[-1], flush=True)
    return rows


def _one(config: Path, output: Path, name: str, overrides: list[str]) -> dict[str, Any]:
    settings, experiment = load(config, overrides)
    words = "".join(letter if letter.isalnum() else " " for letter in name).split()
    place = output / f"{'_'.join(words)}-{settings.seed}"
    return inspect_run(run(experiment, place, overwrite=True, texts=settings.texts(config.parent)))


def _violations(found: dict[str, Any]) -> int:
    return sum(found["audit"][f"{kind}_violations"] or 0 for kind in ("dale", "mask", "negative_rate"))


def main() -> None:
    """Read the command line, run the study, and leave its table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("digits_hierarchy.toml"))
    parser.add_argument("--output", type=Path, default=Path("runs/dale_and_sparsity"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value", dest="overrides")
    options = parser.parse_args()
    rows = study(options.config, options.output, options.seeds, options.overrides)
    (options.output / "table.md").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
