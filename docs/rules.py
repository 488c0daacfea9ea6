"""The pages of the learning rules, written from the rules themselves: python docs/rules.py

Each page has what the rule's docstring says, what the catalogue finds out, and what ``experiments/spectrum_mnist.py`` measured.
A test compares the pages with what this program would write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bio_fa.catalogue import Entry, catalogue

HERE = Path(__file__).resolve().parent
FOLDER, MEASURED = HERE / "rules", HERE / "rules" / "measured.json"
"""Where pages are, and what ``experiments.spectrum_mnist`` has left there, by rule."""
HEADING = """# Learning rules

Written by `python docs/rules.py`; `bio-fa rules` lists the same.

| rule | feedback to a hidden neuron | code of errors | local | MNIST test error, % |
| --- | --- | --- | --- | --- |"""
COMMAND = "bio-fa run experiments/spectrum_mnist.toml --set rule.kind={name}"


def pages() -> dict[str, str]:
    """Return the text of every page by the name of its file."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    entries = catalogue()
    return {"README.md": index(entries, measured)} | {f"{each.name}.md": page(each, measured.get(each.name)) for each in entries}


def page(rule: Entry, measured: dict[str, Any] | None) -> str:
    """Return the page of one rule."""
    local = "yes, by the proof on symbols" if rule.local else f"no: {'; '.join(rule.objections)}"
    command = COMMAND.format(name=rule.name)
    return f"""# {rule.name}

{rule.title}

    {rule.equation}

| | |
| --- | --- |
| local | {local} |
| feedback to a hidden neuron | {rule.feedback} |
| code of errors | {rule.error} |
| phases of a trial | {', '.join(rule.phases)} |
| source | {rule.source} |

**When to use it**: {rule.use}

**Limits**: {rule.limits}

**Measured**: {_told(rule, measured)}

```bash
{command}
```

Without MNIST, `--set task.kind=digits` learns scikit-learn's digits instead.
"""


def _told(rule: Entry, measured: dict[str, Any] | None) -> str:
    if measured is None:
        return "Not yet on MNIST."
    spread = f" ± {measured['spread']:.2f}" if measured["seeds"] > 1 else ""
    runs = "one seed" if measured["seeds"] == 1 else f"{measured['seeds']} seeds"
    angle = "" if measured["angle"] is None else f", {measured['angle']:.0f}° between the first area's change and the gradient"
    what = f"test error {measured['test_error']:.2f}{spread} % (training {measured['training_error']:.2f} %{angle})"
    how = f"`python -m experiments.spectrum_mnist --rules {rule.name}`, with the settings that stand there"
    return f"MNIST, 784-500-500-10, {measured['epochs']} epochs, {runs}: {what}. By {how}."


def index(entries: tuple[Entry, ...], measured: dict[str, Any]) -> str:
    """Return the page that lists them all."""
    rows = [
        f"| [{each.name}]({each.name}.md) | {each.feedback} | {each.error} | {'yes' if each.local else 'no'} "
        f"| {_error(measured.get(each.name))} |"
        for each in entries
    ]
    return "\n".join([HEADING, *rows]) + "\n"


def _error(measured: dict[str, Any] | None) -> str:
    return "–" if measured is None else f"{measured['test_error']:.2f}"


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
