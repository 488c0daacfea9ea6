"""bio-fa: the command line. It has no logic of its own: it reads words, calls the library and prints."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console

from bio_fa import cli_studies
from bio_fa.errors import BioFAError, PreemptionError, RecordError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

BAD_INPUT, PREEMPTED, INTERRUPTED = 2, 75, 130
"""Exit codes: the input was refused; SIGTERM or SIGUSR1 stopped a run after a checkpoint; Ctrl-C. ``check`` of a run has more.

Choice: 75 is EX_TEMPFAIL of sysexits.h, a failure after which to try again."""

Command = TypeVar("Command", bound=Callable[..., None])


def guarded(command: Command) -> Command:
    """Make a command answer bad input with one sentence and exit code 2, Ctrl-C with 130, and a signal to stop with 75."""

    @functools.wraps(command)
    def answer(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except PreemptionError as error:
            _stop(str(error), PREEMPTED)
        except BioFAError as error:
            _stop(str(error), BAD_INPUT)
        except OSError as error:
            _stop(f"{error.filename or 'the system'}: {error.strerror or error}; free or allow what it needs.", BAD_INPUT)
        except MemoryError:
            _stop("there is too little memory; make the circuit, the batch or the record smaller.", BAD_INPUT)
        except KeyboardInterrupt:
            _stop("stopped by the user; what was recorded so far is readable.", INTERRUPTED)

    return answer  # type: ignore[return-value]


def _stop(sentence: str, code: int) -> NoReturn:
    print("bio-fa:", " ".join(sentence.split()), file=sys.stderr)
    raise SystemExit(code)


@app.command()
@guarded
def run(
    config: Annotated[Path, typer.Argument(readable=False, help="The TOML file of the experiment.")],
    output: Annotated[Path | None, typer.Option(readable=False, help="The run's folder; runs/<name> without it.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override: section.key=value, as often as needed.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that the folder holds.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint in the folder, if any.")] = False,
    nproc: Annotated[int | None, typer.Option("--nproc", help="Processes that share each batch; 1 without it.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but the path of the report.")] = False,
) -> None:
    """Run an experiment: train, record, report."""
    from bio_fa import config as configuration
    from bio_fa import running
    from bio_fa.following import follow
    from bio_fa.launching import assembled
    from bio_fa.progress import ProgressBar

    console = Console(quiet=quiet, soft_wrap=True)
    settings, experiment = configuration.load(config, set_ or [])
    place = output or Path("runs") / settings.name
    words = ["bio-fa", *sys.argv[1:]]
    if resume and overwrite:
        raise RecordError("--resume goes on with a run, and --overwrite removes it; give one of them.")
    if resume and running.has_finished(place):
        console.print(f"{place} holds a run that has finished; nothing is left to resume.", highlight=False)
    others = ["run", str(config), "--output", str(place), *(f"--set={each}" for each in set_ or [])]
    with assembled(experiment, nproc, others) as team:
        if team.rank:
            return follow(experiment, place, team)
        running.run(experiment, place, overwrite, ProgressBar(console), settings.texts(config.parent), words, resume, team)
    from bio_fa.analysis import inspect_run, summarise, write_report

    report = write_report(place)
    console.print(summarise(inspect_run(place)), highlight=False)
    print(report)


for _command in (cli_studies.compare, cli_studies.sweep):
    app.command()(guarded(_command))


@app.command()
@guarded
def inspect(
    folder: Annotated[Path, typer.Argument(readable=False, help="A run's folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Tell what a run found, and whether its constraints held."""
    from bio_fa.analysis import inspect_run, summarise
    from bio_fa.io.plain import to_json

    found = inspect_run(folder)
    print(to_json(found) if json else summarise(found))


@app.command()
@guarded
def export(
    source: Annotated[Path, typer.Argument(readable=False, help="A run's folder, or the TOML file of an experiment.")],
    to: Annotated[str | None, typer.Option(help="Of a run: nwb, csv or sonata. Of an experiment: brian2.")] = None,
    output: Annotated[Path | None, typer.Option(readable=False, help="Where; without it beside the run.")] = None,
    trials: Annotated[int | None, typer.Option(help="How many of the first test trials a program runs; 1 without it.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override of an experiment: section.key=value.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the export that is there.")] = False,
) -> None:
    """Write a run in the format of other tools, or an experiment as a program of another simulator."""
    if source.is_dir():
        if set_ or trials is not None:
            raise RecordError(f"{source} is a run, exported as it was; leave out --set and --trials, which change an experiment.")
        _export_run(source, to or "", output, overwrite)
    else:
        _export_program(source, to or "brian2", output, 1 if trials is None else trials, set_ or [], overwrite)


def _export_run(folder: Path, to: str, output: Path | None, overwrite: bool) -> None:
    from bio_fa import formats

    print(formats.write(folder, to, output, overwrite))


def _export_program(config: Path, to: str, output: Path | None, trials: int, overrides: list[str], overwrite: bool) -> None:
    from bio_fa import config as configuration
    from bio_fa import export as exporting
    from bio_fa.formats import FORMATS

    if to in FORMATS:
        raise RecordError(f"{to} is a format of runs, but {config} is no run's folder; run the experiment and give its folder.")
    if output is None:
        raise RecordError("A program needs a folder of its own; give --output.")
    _, experiment = configuration.load(config, overrides)
    print(exporting.export(experiment, output, to, trials, overwrite))


@app.command()
@guarded
def rules(as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False) -> None:
    """List the learning rules of the literature: what each needs, and whether it is local."""
    import dataclasses
    import json

    from bio_fa.catalogue import catalogue

    entries = catalogue()
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in entries], indent=2, ensure_ascii=False))
        return
    for each in entries:
        local = "local" if each.local else f"not local ({'; '.join(each.objections)})"
        print(f"{each.name}: {each.feedback}; {each.error}; {', '.join(each.phases)}; {local}\n    {each.source}")


@app.command()
@guarded
def check(
    target: Annotated[Path, typer.Argument(readable=False, help="A TOML file, or a run's folder.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="Override: section.key=value.")] = None,
) -> None:
    """Check a configuration without running it, or whether a run is whole: hashes, layouts, constraints, time, finite numbers.

    Of a run, the exit code is that of the first check that failed:
    0 all held
    1 a constraint is broken: Dale's law, a mask, rates of 0 or more
    2 a file cannot be read
    3 a file is not what the run left
    4 a layout is not understood
    5 time does not go on
    6 a number is not finite
    """
    if target.is_dir():
        _check_run(target)
    else:
        _check_config(target, set_ or [])


def _check_config(path: Path, overrides: list[str]) -> None:
    from bio_fa import config as configuration

    _, experiment = configuration.load(path, overrides)
    experiment.dataset()
    experiment.beginning()
    print(experiment.circuit.summary())
    print(f"{path}: would run.")


def _check_run(folder: Path) -> None:
    from bio_fa.analysis import check_run

    code = 0
    for finding in check_run(folder):
        print(f"{folder}: {finding.sentence}")
        code = code or finding.code
    if code:
        raise typer.Exit(code)
