"""Aims at a record that cannot say what made it, and at one that says whose machine it was."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import subprocess
import sys
from datetime import datetime
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from bio_fa.io import provenance as module
from bio_fa.io.provenance import provenance


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "-q")
    (tmp_path / "rule.py").write_text("rate = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "first")
    return tmp_path


def git(path: Path, *words: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(path), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def test_it_says_what_ran_and_is_json():
    found = provenance(7, ["bio-fa", "run", "config.toml"])
    assert json.loads(json.dumps(found)) == found
    assert (found["seed"], found["argv"]) == (7, ["bio-fa", "run", "config.toml"])
    assert found["python"] == platform.python_version()
    assert found["packages"]["numpy"] == np.__version__
    assert found["cpus"] == os.cpu_count()
    assert isinstance(found["bio_fa"], str)


def test_the_time_has_a_zone_and_is_now():
    created = datetime.fromisoformat(provenance(0, None)["created"])
    assert created.tzinfo is not None
    assert abs((datetime.now().astimezone() - created).total_seconds()) < 60


def test_only_packages_that_are_loaded_are_listed(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert "torch" not in provenance(0, None)["packages"]
    assert provenance(0, None)["threads"] is None


def test_the_threads_are_those_of_torch_once_it_is_loaded(monkeypatch):
    class Torch:
        __version__ = "9.9"

        @staticmethod
        def get_num_threads() -> int:
            return 3

    monkeypatch.setitem(sys.modules, "torch", Torch)
    monkeypatch.setattr(metadata, "version", missing)
    found = provenance(0, None)
    assert (found["threads"], found["packages"]["torch"]) == (3, "9.9")


def missing(name: str) -> str:
    raise metadata.PackageNotFoundError(name)


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("/home/ada/bin/bio-fa", "bio-fa"),
        ("/home/ada lovelace/my runs/config.toml", "config.toml"),
        ("--out=/scratch/ada/run1", "--out=run1"),
        ("data.path='/home/ada/mnist'", "data.path='mnist'"),
        ("~/runs/a", "a"),
        ("~ada/runs/a", "a"),
        (r"C:\Users\ada\config.toml", "config.toml"),
        ("experiments/mnist/config.toml", "experiments/mnist/config.toml"),
        ("./runs/a", "./runs/a"),
        ("../runs/a", "../runs/a"),
        ("learning.rate=1e-3", "learning.rate=1e-3"),
        ("run", "run"),
    ],
)
def test_of_an_absolute_path_only_the_last_part_is_kept(word, kept):
    assert provenance(0, [word])["argv"] == [kept]


def test_neither_the_host_nor_the_user_nor_a_folder_is_named():
    told = json.dumps(provenance(0, [sys.executable, str(Path(__file__)), f"--out={Path.cwd() / 'runs' / 'a'}"]))
    assert not re.search(r"[\"'=~]/|[A-Z]:\\", told)
    words = set(re.findall(r"[\w.-]+", told))
    assert not words & {socket.gethostname(), platform.node()}
    assert str(Path.home()) not in told


def test_a_clean_checkout_names_its_commit(checkout):
    assert module._commit(checkout) == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}


def test_a_run_that_a_git_hook_starts_still_names_its_own_commit(checkout, monkeypatch):
    """Git tells its hooks by these variables which repository is meant, and every git they start obeys."""
    monkeypatch.setenv("GIT_DIR", str(checkout / "elsewhere"))
    assert module._commit(checkout)["commit"] == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["rule.py", "new.py"])
def test_a_changed_or_added_file_makes_a_checkout_dirty(checkout, name):
    (checkout / name).write_text("rate = 2\n")
    assert module._commit(checkout)["dirty"] is True


def test_a_package_installed_inside_someones_checkout_has_no_commit(checkout):
    (checkout / "site-packages").mkdir()
    assert module._commit(checkout / "site-packages") == {"commit": None, "dirty": None}


@pytest.mark.parametrize(
    "failure", [FileNotFoundError("git"), PermissionError("git"), subprocess.TimeoutExpired("git", 10)], ids=repr
)
def test_a_git_that_is_missing_or_hangs_fails_no_run(checkout, monkeypatch, failure):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(subprocess, "run", fail)
    assert module._commit(checkout) == {"commit": None, "dirty": None}


def test_a_checkout_without_a_commit_fails_no_run(tmp_path):
    git(tmp_path, "init", "-q")
    assert module._commit(tmp_path) == {"commit": None, "dirty": None}
