"""Engines: where the runs of a study are computed, and how many at once. Data only; ``crew`` and ``cluster`` do the work."""

from __future__ import annotations

import os
from dataclasses import dataclass

from bio_fa.description import Description


@dataclass(frozen=True)
class Engine(Description, abstract=True):
    """The section ``[engine]``. Numbers do not depend on it: every run has one thread and its own seed."""

    jobs: int | None = None
    """How many runs are computed at once; None: one per core, and on a cluster as many as it lets."""
    retries: int = 2
    """How often a run that failed, or whose process was killed before it got any further, is tried again."""

    def validate(self) -> None:
        """Refuse counts below their least."""
        self.require(self.jobs is None or self.jobs >= 1, "jobs", "at least 1, or nothing")
        self.require(self.retries >= 0, "retries", "at least 0")

    @property
    def at_once(self) -> int:
        """How many runs are computed side by side, as far as this machine can tell."""
        return self.jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


@dataclass(frozen=True)
class Local(Engine):
    """Processes of this machine."""


@dataclass(frozen=True)
class Slurm(Engine):
    """Job arrays of a cluster under SLURM, submitted through submitit."""

    partition: str | None = None
    """None: the cluster's default."""
    account: str | None = None
    """Whom the jobs are charged to; None: the cluster's default."""
    time: int = 60
    """Minutes that a job may last. A run that needs more leaves a checkpoint a minute before, and a new job goes on from it."""
    memory: float | None = 4.0
    """Gigabytes of a job; None: the cluster's default."""
    cpus: int = 1
    """Cores of a job."""

    def validate(self) -> None:
        """Refuse jobs of no time, memory or core."""
        super().validate()
        self.require(self.time >= 1, "time", "at least 1 minute")
        self.require(self.memory is None or self.memory > 0, "memory", "a positive number of gigabytes, or nothing")
        self.require(self.cpus >= 1, "cpus", "at least 1 core")
