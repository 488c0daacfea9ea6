"""Search: settings that Optuna chooses after what was found before; a file beside the runs remembers them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bio_fa.comparison.space import Choices, Dimension
from bio_fa.errors import BackendError
from bio_fa.io.commit import make_folder

JOURNAL = "search.journal"
"""The file that remembers, in the folder of the sweep; several machines may share it."""

Setting = dict[str, str]


@dataclass(frozen=True)
class Search:
    """A search for the lowest mean of a measure over seeds.

    Attributes:
        dimensions: the keys and what they may be.
        count: how many settings are tried in all, those of earlier calls included.
        at_once: how many are chosen together, before any of them is judged.
        question: what tells one search from another in the same folder.
    """

    dimensions: Sequence[Dimension]
    count: int
    at_once: int
    question: str

    def settings(self, output: Path, judge: Callable[[Sequence[Setting]], Mapping[int, float]]) -> list[Setting]:
        """Return every setting that was tried, in order; ``judge`` runs some and returns the mean score of those that have one.

        A setting that was chosen but not judged, because the search was stopped, is tried again first.

        Raises:
            BackendError: when Optuna is not installed.
        """
        study = self._study(output)
        self._take_up_again(study)
        while (left := self.count - len(_judged(study))) > 0:
            trials = [study.ask() for _ in range(min(left, self.at_once))]
            found = judge([self._setting(trial) for trial in trials])
            for place, trial in enumerate(trials):
                study.tell(trial, found.get(place, float("inf")))
        return [dict(trial.user_attrs["setting"]) for trial in _judged(study)]

    def _study(self, output: Path) -> Any:
        try:
            import optuna
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend
        except ModuleNotFoundError as error:
            raise BackendError("--search needs optuna, which is not installed; pip install 'bio_fa[search]'.") from error
        make_folder(output)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = JournalStorage(JournalFileBackend(str(output / JOURNAL)))
        name = hashlib.sha256(f"{self.question}\0{self.dimensions}".encode()).hexdigest()
        study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
        study.sampler = optuna.samplers.TPESampler(seed=len(study.get_trials(deepcopy=False)))
        return study

    def _take_up_again(self, study: Any) -> None:
        """Put settings in front of the queue that were chosen and never judged."""
        for trial in study.get_trials(deepcopy=False):
            if trial.state.name == "RUNNING":
                study.tell(trial.number, state=_failed())
                study.enqueue_trial(trial.params)

    def _setting(self, trial: Any) -> Setting:
        """Return the setting that a trial is about, and let it remember."""
        setting = {each.key: _suggested(trial, each) for each in self.dimensions}
        trial.set_user_attr("setting", setting)
        return setting


def _suggested(trial: Any, each: Dimension) -> str:
    if isinstance(each, Choices):
        return str(trial.suggest_categorical(each.key, list(each.values)))
    if each.whole:
        return each.text(trial.suggest_int(each.key, int(each.low), int(each.high), log=each.log))
    return each.text(trial.suggest_float(each.key, each.low, each.high, log=each.log))


def _judged(study: Any) -> list[Any]:
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]


def _failed() -> Any:
    from optuna.trial import TrialState

    return TrialState.FAIL
