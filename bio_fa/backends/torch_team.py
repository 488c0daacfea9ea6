"""A team on torch: processes that add up what each has, with torch.distributed (gloo, and NCCL between GPUs).

Choice: what a batch changes is summed by hand, not by torch's DistributedDataParallel, which sums the gradients of a module while
autograd makes them: changes of local rules are no gradients, and one sum for both keeps the two ways to learn comparable.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Self, final

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import Store

from bio_fa.errors import TeamError
from bio_fa.ops import Quantity
from bio_fa.synapses import Parameters
from bio_fa.team import Key, Seat, Share, Team

ARRIVAL = 300.0
"""Seconds for which processes wait until all have come."""
PATIENCE = timedelta(hours=1)
"""For how long they wait for one that neither answers nor ends, or for the leader while it records.

Choice: a process that ends, however it does, is noticed at once; only a machine that falls silent takes so long."""
FAREWELL = 5.0
"""Seconds in which it must become known how a process ended that is gone."""


@final
class TorchTeam(Team):
    """Processes that meet at a place that all know.

    Args:
        seat: which of them this one is.
        device: on which kind of device they compute, cpu or cuda.
        fate: waits at most so many seconds and tells how another process ended; nothing where none did, or nobody knows.
    """

    def __init__(self, seat: Seat, device: str, fate: Callable[[float], str]) -> None:
        self.rank, self.size, self._seat, self._device, self._fate = seat.rank, seat.size, seat, device, fate

    def __enter__(self) -> Self:
        """Wait for all processes, and divide the threads and the GPUs of this machine among them.

        Raises:
            TeamError: when one ended before, or did not come.
        """
        seat, gpus = self._seat, torch.cuda.device_count() if self._device == "cuda" else 0
        torch.set_num_threads(max(1, torch.get_num_threads() // seat.local_size))
        if gpus:
            torch.cuda.set_device(seat.local_rank % gpus)
        with self._heard():
            store, *_ = next(dist.rendezvous(seat.meeting, seat.rank, seat.size))  # type: ignore[attr-defined]
            self._await(store)
            kinds = f"cpu:gloo,cuda:{'nccl' if gpus >= seat.local_size else 'gloo'}"
            dist.init_process_group(kinds, store=store, rank=seat.rank, world_size=seat.size, timeout=PATIENCE)
        return self

    def _await(self, store: Store) -> None:
        """Wait until every process is there."""
        store.set(f"here {self.rank}", "")
        end = time.monotonic() + ARRIVAL
        while not store.check([f"here {rank}" for rank in range(self.size)]):
            if self._fate(0) or time.monotonic() > end:
                raise TeamError(self._fate(0) or f"Not all {self.size} processes came within {ARRIVAL:.0f} s; start them all.")
            time.sleep(0.05)

    def __exit__(self, *error: object) -> None:
        """Leave the others, who notice."""
        dist.destroy_process_group()

    def share(self, trials: int) -> Share:
        """Return an even share of the trials, those of a process after those of the one before."""
        return TorchShare(self, trials)

    def told(self, number: int) -> int:
        """Return the number that the leader has."""
        return int(self.reduced(torch.tensor([number if self.rank == 0 else 0], dtype=torch.int64)))

    def require_same(self, parameters: Parameters) -> None:
        """Compare hashes of the weights."""
        digest = hashlib.sha256()
        for _, synapses in sorted(parameters.items()):
            digest.update(np.ascontiguousarray(synapses.w).tobytes())
        hashes = torch.zeros(self.size, dtype=torch.int64)
        hashes[self.rank] = int.from_bytes(digest.digest()[:8], signed=True)
        if len(set(self.reduced(hashes).tolist())) > 1:
            remedy = "give every process the same configuration, versions and kind of machine"
            raise TeamError(f"The {self.size} processes of the run have come to hold different weights; {remedy}.")

    def reduced(self, values: Tensor, by: dist.ReduceOp.RedOpType = dist.ReduceOp.SUM) -> Tensor:
        """Return the sum of what all processes have, or their largest, in the place of the values.

        Raises:
            TeamError: when a process is gone.
        """
        with self._heard():
            dist.all_reduce(values, by)
        return values

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Say of a process that no longer answers how it ended."""
        try:
            yield
        except RuntimeError as error:
            unknown = "Another process of the run is gone; mend what it said, and go on with --resume."
            raise TeamError(self._fate(FAREWELL) or unknown) from error


@final
class TorchShare(Share):
    """An even share of the trials of a batch; where it has none, one that counts for nothing, because arrays need a row."""

    def __init__(self, team: TorchTeam, trials: int) -> None:
        first, last = trials * team.rank // team.size, trials * (team.rank + 1) // team.size
        self._team, self._trials, self._own = team, trials, last - first
        first = min(first, trials - 1)
        self.rows = slice(first, max(last, first + 1))

    def count(self, trials: int) -> int:
        """Return the number of trials of the batch."""
        return self._trials

    def means(self, means: dict[Key, Quantity]) -> dict[Key, Quantity]:
        """Return the means over the batch: those over shares, weighted by their sizes and added, all at once."""
        if not means:
            return means
        flat = torch.cat([each.reshape(-1) for each in means.values()]).mul_(self._own / self._trials)
        parts = torch.split(self._team.reduced(flat), [each.numel() for each in means.values()])
        return {key: part.view(each.shape) for (key, each), part in zip(means.items(), parts, strict=True)}

    def largest(self, values: np.ndarray) -> np.ndarray:
        """Return the largest of all shares; infinity for what is no number anywhere."""
        own = torch.from_numpy(np.where(np.isnan(values), np.inf, values))
        return self._team.reduced(own, dist.ReduceOp.MAX).numpy()

    def whole(self, values: np.ndarray) -> np.ndarray:
        """Return what all shares have: each fills its rows, and all are added."""
        whole = np.zeros((self._trials, *values.shape[1:]), values.dtype)
        if self._own:
            whole[self.rows] = values
        return self._team.reduced(torch.from_numpy(whole)).numpy()
