"""RecordFiles: the files into which what a run observes and learns streams, beside the run, one segment after the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self, final

import numpy as np

from bio_fa.experiment import Experiment
from bio_fa.io.background import Background
from bio_fa.io.blocks import Block, joined
from bio_fa.io.digest import sha256
from bio_fa.io.growing import Growing
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.scratch import Scratch
from bio_fa.io.segments import ACTIVITY, WEIGHTS, kind_of
from bio_fa.observation import Arrays, Observed
from bio_fa.record_layout import RecordLayout
from bio_fa.record_size import RecordSize
from bio_fa.synapses import Parameters

BLOCK, SEGMENT = 1 << 26, 1 << 31
"""Bytes of frames and spikes that are written together, and after which a segment is complete. Choice: 64 MiB, so that what is done
once a block takes no time; 2 GiB between two checkpoints, because what needs one segment only is written once."""
CHECKPOINT_BYTES = 32
"""What a possible synapse takes in a checkpoint, at most: its weight, whether it exists, and two numbers of the update."""


@final
class RecordFiles:
    """Segments of activity, of other variables and of weights, begun when there is something to write.

    A thread of its own writes them, and lets the whole files grow from complete ones. A context manager, which completes the
    open segments when it is left, come what may.

    Args:
        experiment: what is recorded.
        folder: where.
        provenance: texts about where the record comes from.
        segments: the SHA-256 of those that there are, by name, where a run goes on.

    Raises:
        RecordError: by every method, when the disk refuses; what was committed before stays readable.
    """

    def __init__(
        self, experiment: Experiment, folder: RunFolder, provenance: Mapping[str, str], segments: Mapping[str, str] | None = None
    ) -> None:
        self._experiment, self._folder = experiment, folder
        self._layout = RecordLayout(experiment, provenance)
        self._segments, self._wholes = dict(segments or {}), Growing(folder.path, folder.segments.listed(segments or {}))
        self._open: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._waiting: list[tuple[Observed, int, str]] = []
        self._bytes = 0
        self._scratch = Scratch()
        self._named: dict[str, str] = {}
        self._background = Background()

    def append(self, observed: Observed, epoch: int, trials: str = "test") -> None:
        """Write what ``test`` or ``learning`` trials of an epoch did, with others once they are many.

        The disk is then waited for, so that little is left to be waited for when a segment is complete.
        """
        self._waiting.append((observed, epoch, trials))
        self._bytes += observed.size
        if self._bytes >= BLOCK:
            self._send()
            self._background.do(self._synchronise)

    def snapshot(self, name: str, step: int, epoch: float, parameters: Parameters) -> None:
        """Write all weights, as they are after so many training trials and epochs."""
        size = sum(each.w.nbytes for each in parameters.values())
        self._background.do(partial(self._snapshot, name, step, epoch, parameters), size)

    def complete(self) -> None:
        """Let the open segments be completed while the caller goes on to something else before it commits."""
        self._send()
        self._background.do(self._complete_all)

    def commit(self) -> Mapping[str, str]:
        """Complete the open segments; return the SHA-256 of all that there are, by name.

        The whole files take them in while the caller goes on.
        """
        self.complete()
        self._background.wait()
        segments = dict(self._segments)
        self._background.do(self._wholes.grow)
        return segments

    def finish(self) -> Mapping[str, str]:
        """Complete everything, and give the whole files their names; return the SHA-256 of those of which it is known."""
        self.commit()
        self._background.do(self._name)
        self._background.wait()
        return {whole: self._segments[segment] for whole, segment in self._named.items()}

    def _name(self) -> None:
        self._named = self._wholes.finish()

    def _send(self) -> None:
        """Let the thread write the trials that wait."""
        if self._waiting:
            self._background.do(partial(self._write, self._waiting), self._bytes)
        self._waiting, self._bytes = [], 0

    def _write(self, waiting: Sequence[tuple[Observed, int, str]]) -> None:
        """Append trials to the open segments of their kinds, those that join as one block."""
        blocks: dict[str, list[Block]] = {}
        for kind, block in itertools.chain.from_iterable(itertools.starmap(self._blocks, waiting)):
            together = blocks.setdefault(kind, [])
            if together and not together[-1].joins(block):
                self._flush(kind, together)
                together.clear()
            together.append(block)
        for kind, together in blocks.items():
            self._flush(kind, together)

    def _blocks(self, observed: Observed, epoch: int, trials: str) -> Iterator[tuple[str, Block]]:
        """Yield what is written of trials, each with the kind of file that takes it."""
        batch = observed.batch
        spikes = {phase: self._fired(each) for phase, each in observed.spikes.items()}
        yield kind_of(ACTIVITY, trials), replace(self._summary(observed, epoch), spikes=spikes)
        for variable, phases in observed.variables.items():
            kept = {phase: self._chosen(each) for phase, each in phases.items()}
            yield kind_of(variable), Block(kept, batch.label, batch.trial, epoch)
        for potential, probed in observed.potentials.items():
            first = slice(next(iter(next(iter(probed.values())).values())).shape[1])
            label = None if batch.label is None else batch.label[first]
            yield kind_of(potential), Block(probed, label, batch.trial[first], epoch)

    def _summary(self, observed: Observed, epoch: int) -> Block:
        """Return the recorded frames of trials; stimulus −1 stands for all that ran side by side."""
        reduction, batch = self._experiment.record.reduction, observed.batch
        frames = {phase: self._chosen(each) for phase, each in observed.frames.items()}
        if reduction is None:
            return Block(frames, batch.label, batch.trial, epoch)
        reduced = {phase: {name: reduction.of(each) for name, each in kept.items()} for phase, kept in frames.items()}
        if reduction.over == "trials":
            return Block(reduced, None, np.array([-1]), epoch)
        return Block(reduced, batch.label, batch.trial, epoch)

    def _flush(self, kind: str, blocks: Sequence[Block]) -> None:
        """Append blocks that join to the open segment of a kind; complete it if it has grown enough."""
        block = joined(blocks, self._scratch)
        self._writer(kind).append(block.frames, block.label, block.stimulus, block.epoch, block.spikes)
        self._sizes[kind] = self._sizes.get(kind, 0) + block.size
        if self._sizes[kind] >= SEGMENT:
            self._complete(kind)
            self._wholes.grow()

    def _synchronise(self) -> None:
        for writer in self._open.values():
            writer.synchronise()

    def _chosen(self, arrays: Arrays) -> Arrays:
        """Return arrays (..., neuron) of the chosen neurons."""
        chosen = ((name, each, self._layout.chosen[name]) for name, each in arrays.items())
        return {name: each if neurons is None else each[..., neurons] for name, each, neurons in chosen}

    def _fired(self, spikes: Arrays) -> Arrays:
        """Return the spikes (spike, 3) of the chosen neurons."""
        chosen = ((name, each, self._layout.chosen[name]) for name, each in spikes.items())
        return {name: each if neurons is None else each[np.isin(each[:, 2], neurons)] for name, each, neurons in chosen}

    def _snapshot(self, name: str, step: int, epoch: float, parameters: Parameters) -> None:
        begun = WEIGHTS in self._open
        writer = self._writer(WEIGHTS)
        if not begun:
            writer.masks(parameters)
        writer.snapshot(name, step, epoch, parameters)

    def _writer(self, kind: str) -> Any:
        """Return the writer of the open segment of a kind; a new one goes on where the last ended."""
        if kind not in self._open:
            number = 1 + max((int(each.rpartition("-")[2].removesuffix(".h5")) for each in self._segments), default=0)
            place = self._folder.segments.place(kind, number)
            self._open[kind] = self._layout.writer(kind, place, self._wholes.end(kind))
        return self._open[kind]

    def _complete_all(self) -> None:
        for kind in list(self._open):
            self._complete(kind)

    def _complete(self, kind: str) -> None:
        """Give the open segment of a kind its name, and tell the whole file, which grows by it."""
        writer = self._open.pop(kind)
        self._sizes[kind] = 0
        writer.close()
        self._segments[writer.path.name] = sha256(writer.path, writer.settled.digests)
        self._wholes.add(writer.path, writer.end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.commit()
        except Exception as failure:
            if error is None:
                raise
            if failure is not error:
                error.add_note(str(failure))
        finally:
            self._background.stop()
            self._wholes.abandon()
            for writer in self._open.values():
                writer.__exit__(kind, error, trace)


def room(experiment: Experiment, test_trials: int, learning_trials: int) -> int:
    """Return the bytes of what a run will write.

    Activity, with an estimate of its spikes, and weights, both twice because segments become one file; three checkpoints, and a
    margin for the rest.
    """
    circuit, size = experiment.circuit, RecordSize(experiment.record, experiment.circuit, experiment.protocol)
    activity = size.whole(experiment.epochs, test_trials, learning_trials, experiment.batch)
    shapes = {each.name: circuit.shape(each) for each in circuit.projections}
    plastic = sum(shapes[each.name][0] * shapes[each.name][1] for each in circuit.plastic)
    everything = sum(post * pre for post, pre in shapes.values())
    snapshots = 8 * plastic * len(snapshot_epochs(experiment)) + 9 * everything
    return 2 * (activity + snapshots) + 3 * CHECKPOINT_BYTES * everything + 10_000_000


def snapshot_epochs(experiment: Experiment) -> set[int]:
    """Return after which epochs weights are kept: before, after, and ``snapshots`` times evenly between, or after each."""
    parts = min(experiment.snapshots, experiment.epochs) + 1
    return {round(experiment.epochs * part / parts) for part in range(parts + 1)}
