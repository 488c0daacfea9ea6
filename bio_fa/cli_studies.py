"""bio-fa compare and bio-fa sweep: the commands of many runs. Like ``cli``, they read words, call the library and print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bio_fa.errors import ConfigError, nearest

Output = Annotated[Path | None, typer.Option(readable=False, help="The folder of runs and results; runs/<name> without it.")]
Jobs = Annotated[int | None, typer.Option(help="How many runs are computed at once; one per core without it.")]
EngineName = Annotated[str | None, typer.Option("--engine", help="local or slurm; as the file says without it.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="Override for every run: section.key=value.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and the estimated time; run and write nothing.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but the path of the results.")]


def compare(
    config: Annotated[Path, typer.Argument(readable=False, help="The TOML file of the comparison.")],
    output: Output = None,
    jobs: Jobs = None,
    engine: EngineName = None,
    set_: Overrides = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Compare learning rules over seeds: what is lacking is run, what is there is not repeated."""
    from bio_fa.comparison import comparing
    from bio_fa.comparison.cells import study_of
    from bio_fa.comparison.report.writing import PAGE

    comparison, beside = comparing.opened(config)
    comparison = replace(comparison, engine=chosen(comparison.engine, engine, jobs))
    overrides = _table(set_)
    place = output or Path("runs") / comparison.name
    if dry_run:
        return _show_plan(comparing.planned_runs(study_of(comparison, beside, overrides), place), comparison.engine)
    results = comparing.compare(config, place, engine=comparison.engine, overrides=overrides, console=Console(quiet=quiet))
    _show(results, place, quiet, place / PAGE)


def sweep(
    config: Annotated[Path, typer.Argument(readable=False, help="The TOML file of an experiment.")],
    grid: Annotated[list[str] | None, typer.Option("--grid", help="Try every combination: key=a,b,c, as often as needed.")] = None,
    random: Annotated[list[str] | None, typer.Option("--random", help="Draw: key=low:high, key=low:high:log, key=a,b.")] = None,
    count: Annotated[int, typer.Option("-n", help="How many settings are drawn or searched for.")] = 10,
    search: Annotated[bool, typer.Option("--search", help="Let Optuna choose what --random would draw.")] = False,
    seeds: Annotated[int, typer.Option(help="Seeds of each setting.")] = 3,
    output: Output = None,
    jobs: Jobs = None,
    engine: EngineName = None,
    set_: Overrides = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Try settings of one experiment over seeds, on training trials that are held out unless task.validation says otherwise."""
    from bio_fa.comparison import sweep as sweeping
    from bio_fa.comparison.comparing import planned_runs
    from bio_fa.comparison.engines import Local
    from bio_fa.comparison.space import dimension

    varied, drawn = ([dimension(each) for each in given or []] for given in (grid, random))
    asked = sweeping.Sweep(config, varied, drawn, count, search, seeds, overrides=_table(set_))
    place, machine = output or Path("runs") / f"{asked.base.get('name', 'experiment')}_sweep", chosen(Local(), engine, jobs)
    if dry_run:
        return _show_plan(planned_runs(asked.study(asked.settings()), place), machine)
    _show(sweeping.sweep(asked, place, machine, Console(quiet=quiet)), place, quiet)


def _table(overrides: list[str] | None) -> dict[str, Any]:
    from bio_fa.config import apply_override

    table: dict[str, Any] = {}
    for each in overrides or []:
        apply_override(table, each)
    return table


def chosen(engine: Any, name: str | None, jobs: int | None) -> Any:
    """Return an engine as the command line wants it: of another kind, with the common settings kept, or with more jobs."""
    from bio_fa.comparison.engines import Engine

    kinds = Engine.kinds()
    if name is not None and name not in kinds:
        raise ConfigError(f"--engine {name} is no engine; {nearest(name, kinds)}")
    if name is not None and name != engine.kind():
        engine = kinds[name](jobs=engine.jobs, retries=engine.retries)
    return engine if jobs is None else replace(engine, jobs=jobs)


def _show_plan(planned: Any, engine: Any) -> None:
    """Print how each run of a plan stands and how long what is left will take."""
    from bio_fa.comparison.estimate import estimate
    from bio_fa.comparison.overview import overview

    print(overview(planned))
    jobs = f"{engine.at_once} at once" if engine.kind() == "local" or engine.jobs else "as if on this machine"
    print(f"Time: {estimate(planned, engine.at_once).sentence}, {jobs}. Nothing was run or written.")


def _show(results: Any, place: Path, quiet: bool, *pages: Path) -> None:
    if not quiet:
        print(results.text(), *pages, sep="\n")
    print(place / "summary.json")
    if results.failed:
        raise typer.Exit(1)

