"""Lists of spikes: who fired, step by step and trial by trial. Where spikes are sparse, so is the work that they cause."""

from __future__ import annotations

from ctypes import c_int64, c_void_p

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.torch_compiler import compiled

TEXT = """\
#include <stdint.h>
typedef int64_t whole;

// List, row by row, where a byte is not 0; most are, and are passed over eight at a time.
extern "C" void list(const uint8_t *spike, int32_t *fired, int32_t *counts, whole rows, whole neurons) {
  for (whole row = 0; row < rows; ++row, spike += neurons, fired += neurons) {
    int32_t count = 0;
    whole i = 0;
    for (; i + 8 <= neurons; i += 8) {
      uint64_t eight;
      __builtin_memcpy(&eight, spike + i, 8);
      if (eight) for (whole j = i; j < i + 8; ++j) if (spike[j]) fired[count++] = (int32_t)j;
    }
    for (; i < neurons; ++i) if (spike[i]) fired[count++] = (int32_t)i;
    counts[row] = count;
  }
}
"""


class Lists:
    """The spikes of a population in a chunk of time steps, and in the last steps before it."""

    def __init__(self, steps: int, trials: int, neurons: int, history: int) -> None:
        self.history, self.shape, self.fits = history, (trials, neurons), (steps, trials, neurons, history)
        self._fired = torch.zeros((history + steps, trials, neurons), dtype=torch.int32)
        self._count = torch.zeros((history + steps, trials), dtype=torch.int32)

    def clear(self) -> None:
        """Forget the steps before the chunk."""
        self._count[: self.history] = 0

    def since(self, lag: int) -> tuple[Tensor, Tensor]:
        """Return who fired (step, trial, neuron) and how many (step, trial), from ``lag`` steps before the chunk on."""
        return self._fired[self.history - lag :], self._count[self.history - lag :]

    def write(self, start: int, spikes: np.ndarray) -> None:
        """List boolean spikes (step, trial, neuron), from step ``start`` of the chunk on; negative: before it."""
        list_spikes(spikes, self._fired[self.history + start :], self._count[self.history + start :])

    def dense(self, start: int, stop: int) -> np.ndarray:
        """Return the spikes of some steps of the chunk: boolean (step, trial, neuron)."""
        fired, count = (each[self.history + start : self.history + stop].numpy() for each in (self._fired, self._count))
        step, trial, rank = np.nonzero(np.arange(self.shape[1]) < count[..., None])
        spikes = np.zeros((stop - start, *self.shape), dtype=bool)
        spikes[step, trial, fired[step, trial, rank]] = True
        return spikes

    def roll(self, steps: int) -> None:
        """Begin a new chunk after the first ``steps`` steps of this one."""
        for each in (self._fired, self._count):
            each[: self.history] = each[steps : steps + self.history].clone()


def list_spikes(spikes: np.ndarray, fired: Tensor, count: Tensor) -> None:
    """List boolean spikes (..., neuron): who fired (..., neuron) and how many (...)."""
    spikes = np.ascontiguousarray(spikes, dtype=bool)
    neurons = spikes.shape[-1]
    pointers = map(c_void_p, (spikes.ctypes.data, fired.data_ptr(), count.data_ptr()))
    compiled(TEXT, "list")(*pointers, c_int64(spikes.size // neurons), c_int64(neurons))
