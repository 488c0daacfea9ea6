"""Every error of bio_fa: one sentence that says who, what came, what is allowed and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BioFAError(Exception):
    """The base of every error that bio_fa raises on purpose; the command line exits with 2."""


class DescriptionError(BioFAError):
    """A population, projection, circuit, phase or setting that is inconsistent."""


class PlasticityError(DescriptionError):
    """A plasticity rule that is not local, or that cannot be read as arithmetic."""


class DataError(BioFAError):
    """A file, stimulus, target or label that cannot be used."""


class ConfigError(BioFAError):
    """A configuration file or override that is not understood."""


class BackendError(BioFAError):
    """A circuit or device that the chosen backend cannot run."""


class RecordError(BioFAError):
    """A run folder or record that cannot be written or read."""


class SchemaError(RecordError):
    """A file of a run in a layout that this version does not understand."""


class DivergenceError(BioFAError):
    """A simulation whose activity or weights stopped being finite."""


class LivenessError(BioFAError):
    """A run in which a population is nearly all silent or saturated, so that it computes nothing."""


class TeamError(BioFAError):
    """A run on several processes of which one is gone, or computes something else."""


class PreemptionError(BioFAError):
    """A run that the system asked to stop, and that left a checkpoint; the command line exits with 75."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for a misspelt name, else the list of what is known."""
    known = sorted(known)
    same_but_for_case = [each for each in known if each.lower() == name.lower()]
    close = same_but_for_case or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are: {', '.join(known) or 'none'}."
