"""Visits: work that is done once a spike, over lists of spikes (``torch_lists``), in C++."""

from __future__ import annotations

from ctypes import c_double, c_int64, c_void_p

import torch
from torch import Tensor

from bio_fa.backends.torch_compiler import compiled

TEXT = """\
#include <stdint.h>
typedef {real} real;
typedef int64_t whole;
enum {{ SLICE = 128 }};

// change (pre, post) += sum of the running factor q (trial, post) over the spikes of the steps, from the last to the first;
// q is multiplied by keep from step to step, and left in rest for the step before the first. Threads share out the columns.
extern "C" void scatter(real *change, real *rest, const real *factor, const int32_t *fired, const int32_t *count, double keep_,
                        whole steps, whole first, whole trials, whole pre, whole post, whole threads) {{
  const real keep = keep_;
  #pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (whole low = 0; low < post; low += SLICE) {{
    const whole width = post - low < SLICE ? post - low : SLICE;
    for (whole trial = 0; trial < trials; ++trial) {{
      real q[SLICE] = {{0}};
      for (whole step = steps - 1; step >= 0; --step) {{
        const whole at = step * trials + trial;
        const real *__restrict now = factor + at * post + low;
        for (whole i = 0; i < width; ++i) q[i] = keep * q[i] + (step >= first ? now[i] : real(0));
        for (whole e = 0; e < count[at]; ++e) {{
          real *__restrict row = change + fired[at * pre + e] * post + low;
          for (whole i = 0; i < width; ++i) row[i] += q[i];
        }}
      }}
      for (whole i = 0; i < width; ++i) rest[trial * post + low + i] = keep * q[i];
    }}
  }}
}}

// sum (row, post) = the rows of w (pre, post) of those who fired.
extern "C" void gather(real *sum, const real *w, const int32_t *fired, const int32_t *count, double,
                       whole rows, whole pre, whole post, whole threads) {{
  #pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
  for (whole at = 0; at < rows; ++at) {{
    real *__restrict to = sum + at * post;
    for (whole i = 0; i < post; ++i) to[i] = 0;
    for (whole e = 0; e < count[at]; ++e) {{
      const real *__restrict row = w + fired[at * pre + e] * post;
      for (whole i = 0; i < post; ++i) to[i] += row[i];
    }}
  }}
}}

// Let traces (trial, neuron) follow the spikes of some steps.
extern "C" void follow(real *trace, const int32_t *fired, const int32_t *count, double keep_,
                       whole steps, whole trials, whole neurons, whole threads) {{
  const real keep = keep_;
  #pragma omp parallel for num_threads(threads)
  for (whole trial = 0; trial < trials; ++trial) {{
    real *__restrict row = trace + trial * neurons;
    for (whole step = 0; step < steps; ++step) {{
      const whole at = step * trials + trial;
      for (whole i = 0; i < neurons; ++i) row[i] *= keep;
      for (whole e = 0; e < count[at]; ++e) row[fired[at * neurons + e]] += 1;
    }}
  }}
}}
"""


def scatter(change: Tensor, factor: Tensor, lists: tuple[Tensor, Tensor], keep: float, first: int) -> Tensor:
    """Add to ``change`` (pre, post) the running ``factor`` q_t = p_t + keep · q_{t+1} at every spike of a chunk of steps.

    ``factor``: p, (step, trial, post), taken from step ``first`` on; ``lists``: who fired and how many. Returns q_{−1}.
    """
    steps, trials, post = factor.shape
    rest = factor.new_empty((trials, post))
    _call("scatter", (change, rest, factor.contiguous(), *lists), keep, (steps, first, trials, change.shape[0], post))
    return rest


def gather(w: Tensor, lists: tuple[Tensor, Tensor]) -> Tensor:
    """Return the sums (row, post) of the rows of w (pre, post) of those who fired, for lists (row, pre) and (row,)."""
    fired, _ = lists
    total = w.new_empty((len(fired), w.shape[1]))
    _call("gather", (total, w, *lists), 0.0, (len(fired), *w.shape))
    return total


def follow(trace: Tensor, lists: tuple[Tensor, Tensor], keep: float, steps: int) -> None:
    """Let a trace (trial, neuron) follow the spikes of some steps: x ← keep · x + spikes."""
    _call("follow", (trace, *lists), keep, (steps, *trace.shape))


def _call(function: str, arrays: tuple[Tensor, ...], keep: float, sizes: tuple[int, ...]) -> None:
    numbers = (*map(c_int64, sizes), c_int64(torch.get_num_threads()))
    text = TEXT.format(real="float" if arrays[0].dtype == torch.float32 else "double")
    compiled(text, function)(*(c_void_p(each.data_ptr()) for each in arrays), c_double(keep), *numbers)
