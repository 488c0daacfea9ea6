"""Aims at a catalogue that does not say what a rule is, and at pages that say something else than the rules."""

import importlib.util
import json
import shlex
import subprocess
import sys

import pytest

from bio_fa import load, run
from bio_fa.catalogue import catalogue, entry
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.feedback import LearnedTogether
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from bio_fa.rules.kolen_pollack import KolenPollack
from bio_fa.rules.predictive_coding import PredictiveCoding
from tests.source import ROOT

SPEC = importlib.util.spec_from_file_location("rule_pages", ROOT / "docs/rules.py")
assert SPEC is not None and SPEC.loader is not None
PAGES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGES)
NEEDED = {"name", "local", "phases", "feedback", "source"}


def test_transport_of_weights_is_not_local_and_fixed_or_learned_feedback_is():
    assert entry(Backpropagation()).objections == ("weight transport: feedback is transposed",)
    assert entry(FeedbackAlignment()).local and entry(KolenPollack()).local


def test_weights_that_are_copied_at_the_start_only_are_no_more_local():
    assert entry(PredictiveCoding()).objections == ("weights of other synapses are copied at the start",)
    assert entry(PredictiveCoding(wiring=LearnedTogether())).local


def test_the_command_lists_all_rules_as_json():
    command = [sys.executable, "-c", "from bio_fa.cli import app; app()", "rules", "--json"]
    listed = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert all(set(each) >= NEEDED and each["source"] and each["phases"] for each in listed)
    assert [each["name"] for each in listed] == [each.name for each in catalogue()]


def test_every_rule_says_when_to_use_it_and_where_it_fails():
    assert [each.name for each in catalogue() if not (each.use and each.limits)] == []


def test_the_pages_are_those_that_the_rules_write():
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.FOLDER.glob("*.md")}
    assert written == PAGES.pages(), "run python docs/rules.py"


@pytest.mark.parametrize("name", [each.name for each in catalogue()])
def test_the_command_of_its_page_runs(name, tmp_path):
    page = (PAGES.FOLDER / f"{name}.md").read_text(encoding="utf-8")
    command = page.partition("```bash\n")[2].partition("\n```")[0].replace("\\\n", " ")
    words = shlex.split(command)[2:]
    overrides = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    small = ["task.kind=digits", "task.train_trials=128", "task.test_trials=40", "training.epochs=1", "circuit.hidden=[10, 8]"]
    _, experiment = load(ROOT / words[0], [*overrides, *small, "record.trials=2", "liveness=false"])
    folder = run(experiment, tmp_path / "run")
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"] == "finished"
