"""The pages of the learning rules, written from the rules themselves: python docs/rules.py

Each page has what the rule's docstring says, what the catalogue finds out, and what ``experiments/spectrum_mnist.py`` measured.
A test compares the pages with what this program would write.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bio_fa.catalogue import Entry, catalogue, equation, told
from bio_fa.errors import DescriptionError
from bio_fa.rules import CorticalNetwork, Feedback, LearningRule

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "rules"
"""Where pages are, beside what ``experiments.spectrum_mnist`` has measured, by rule: without constraints, and under all of them."""
MEASURED, CONSTRAINED = FOLDER / "measured.json", FOLDER / "constrained.json"
HEADING = """# Learning rules

Written by `python docs/rules.py`; `bio-fa rules` lists the same.

| rule | feedback to a hidden neuron | code of errors | local | MNIST test error, % | under every constraint, % |
| --- | --- | --- | --- | --- | --- |"""
WIRINGS = """
## Wirings of feedback

The wiring is a choice of its own: a rule with feedback takes any of those that its page lists, and refuses others with the reason.

```bash
bio-fa run experiments/spectrum_mnist.toml --set rule.kind=activity_differences --set rule.wiring.kind=direct
```

| wiring | feedback synapses B | source |
| --- | --- | --- |"""
COMMAND = "bio-fa run experiments/spectrum_mnist.toml --set rule.kind={name}"
SETTING = ' \\\n    --set "{setting}"'


def pages() -> dict[str, str]:
    """Return the text of every page by the name of its file."""
    measured, constrained = (json.loads(each.read_text(encoding="utf-8")) for each in (MEASURED, CONSTRAINED))
    entries = catalogue()
    written = {f"{each.name}.md": page(each, measured.get(each.name), constrained.get(each.name)) for each in entries}
    return {"README.md": index(entries, measured, constrained)} | written


def page(rule: Entry, measured: dict[str, Any] | None, constrained: dict[str, Any] | None) -> str:
    """Return the page of one rule."""
    local = "yes, by the proof on symbols" if rule.local else f"no: {'; '.join(rule.objections)}"
    settings = measured["settings"] if measured else ()
    command = COMMAND.format(name=rule.name) + "".join(SETTING.format(setting=each) for each in settings)
    return f"""# {rule.name}

{rule.title}

    {rule.equation}

| | |
| --- | --- |
| local | {local} |
| feedback to a hidden neuron | {rule.feedback} |
| code of errors | {rule.error} |
| wirings of feedback | {", ".join(rule.wirings) or "no feedback whose wiring is free"} |
| phases of a trial | {", ".join(rule.phases)} |
| source | {rule.source} |

**When to use it**: {rule.use}

**Limits**: {rule.limits}

**Measured**: {_measured(rule, measured)}

**Under every constraint** (`--set circuit.kind=cortical_network`): {_constrained(rule, constrained, settings)}

```bash
{command}
```

Without MNIST, `--set task.kind=digits` learns scikit-learn's digits instead.
"""


def _measured(rule: Entry, measured: dict[str, Any] | None) -> str:
    if measured is None:
        return "Not yet on MNIST."
    angle = "" if measured["angle"] is None else f", {measured['angle']:.0f}° between the first area's change and the gradient"
    what = f"test error {_error(measured)} % (training {measured['training_error']:.2f} %{angle})"
    how = f"`python -m experiments.spectrum_mnist --rules {rule.name}`, with the settings of the command below"
    return f"MNIST, 784-500-500-10, {measured['epochs']} epochs, {_runs(measured)}: {what}. By {how}."


def _constrained(rule: Entry, measured: dict[str, Any] | None, usual: Sequence[str]) -> str:
    """Return what was measured under all constraints, and with what beside the ``usual`` settings, or why they refuse the rule."""
    if measured is not None:
        more = [f"`--set {each}`" for each in measured["settings"] if each not in (*usual, "circuit.kind=cortical_network")]
        how = f", with {' and '.join(more)} too" if more else ""
        return f"test error {_error(measured)} %, {_runs(measured)}, {measured['violations']} violations{how}."
    learning_rule = LearningRule.kinds()[rule.name]()
    try:
        circuit = learning_rule.circuit(CorticalNetwork(16, (8, 6), 4))
        learning_rule.protocol(circuit).check(circuit)
    except DescriptionError as refusal:
        return f"refused: {refusal}"
    return "it runs; not measured on MNIST."


def index(entries: tuple[Entry, ...], measured: dict[str, Any], constrained: dict[str, Any]) -> str:
    """Return the page that lists them all."""
    rows = [
        f"| [{each.name}]({each.name}.md) | {each.feedback} | {each.error} | {'yes' if each.local else 'no'} "
        f"| {_error(measured.get(each.name))} | {_error(constrained.get(each.name))} |"
        for each in entries
    ]
    return "\n".join([HEADING, *rows, WIRINGS, *wirings()]) + "\n"


def wirings() -> list[str]:
    """Return a row for every wiring of feedback."""
    documented = {name: (inspect.getdoc(kind) or "").replace("|", "\\|") for name, kind in sorted(Feedback.kinds().items())}
    return [f"| `{name}` | {equation(text)} | {told('Source', text)} |" for name, text in documented.items()]


def _runs(measured: dict[str, Any]) -> str:
    return "one seed" if measured["seeds"] == 1 else f"{measured['seeds']} seeds"


def _error(measured: dict[str, Any] | None) -> str:
    if measured is None:
        return "–"
    return f"{measured['test_error']:.2f}" + (f" ± {measured['spread']:.2f}" if measured["seeds"] > 1 else "")


def main() -> None:
    """Write all pages, and remove those of rules that are gone."""
    written = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
