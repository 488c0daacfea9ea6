"""A program as C++: a loop over trials, which run side by side, over time steps, and over neurons, which the compiler vectorises.

With ``gather`` the kernel sums what arrives through synapses itself, spike by spike: only the synapses of neurons that
fired are touched, in the order of the presynaptic neurons. It also lists the neurons that fire, for the kernels after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from bio_fa.backends.torch_dialects import CPP
from bio_fa.backends.torch_scan import Program

PRELUDE = """\
#include <stdint.h>
#include <stdlib.h>
typedef {real} real;
typedef int64_t whole;
#define MATH(name) __builtin_##name{suffix}

// Add to sum the rows of w (pre, neurons) of those who fired, in order; four at a time, to keep the sum in registers.
static void gather(real *__restrict sum, whole neurons, const real *__restrict w, const int32_t *fired, whole count) {{
  whole e = 0;
  for (; e + 4 <= count; e += 4) {{
    const real *__restrict a = w + fired[e] * neurons, *__restrict b = w + fired[e + 1] * neurons;
    const real *__restrict c = w + fired[e + 2] * neurons, *__restrict d = w + fired[e + 3] * neurons;
    for (whole i = 0; i < neurons; ++i) sum[i] = sum[i] + a[i] + b[i] + c[i] + d[i];
  }}
  for (; e < count; ++e) {{
    const real *__restrict a = w + fired[e] * neurons;
    for (whole i = 0; i < neurons; ++i) sum[i] += a[i];
  }}
}}

// List the neurons that fired in this step, and return how many they are; most are silent, and are passed over eight at a time.
static int32_t list(int32_t *__restrict fired, whole neurons, const real *__restrict spike) {{
  int32_t count = 0;
  for (whole i = 0; i < neurons; i += 8) {{
    const whole end = i + 8 < neurons ? i + 8 : neurons;
    real any = 0;
    for (whole j = i; j < end; ++j) any += spike[j];
    if (any != 0) for (whole j = i; j < end; ++j) if (spike[j] != 0) fired[count++] = (int32_t)j;
  }}
  return count;
}}
"""

FRAME = """
// p: arrays; n: trials, neurons, steps, the first step that is summed, threads, then sizes; k: constants.
extern "C" void scan(void *const *const p, const whole *const n, const real *const k) {{
  const whole trials = n[0], neurons = n[1], steps = n[2], first = n[3];
{constants}
  #pragma omp parallel num_threads(n[4])
  {{
    real *const room = (real *)malloc(sizeof(real) * neurons * {rows});
    #pragma omp for schedule(dynamic)
    for (whole trial = 0; trial < trials; ++trial)
      for (whole turn = 0; turn < steps; ++turn) {{
        const whole step = {step}, at = step * trials + trial;
        const real inside = step >= first;
        whole next = {next}, size = 5;
{arrivals}
{rows_of}
        #pragma GCC ivdep
        for (whole i = 0; i < neurons; ++i) {{
{body}
        }}
{after}
      }}
    free(room);
  }}
}}
"""


@lru_cache(maxsize=256)
def cpp_text(program: Program, precision: str, gathered: tuple[str, ...] = (), listed: bool = False) -> str:
    """Return the C++ text of a program.

    ``gathered``: what the kernel sums itself from lists of spikes; ``listed``: whether it lists the spikes that it emits.

    Raises:
        KernelError: for a function that no kernel computes.
    """
    prelude = PRELUDE.format(real="float" if precision == "float32" else "double", suffix="##f" if precision == "float32" else "")
    return prelude + FRAME.format(
        constants="\n".join(f"  const real k{i} = k[{i}];" for i in range(len(program.constants))),
        rows=max(len(gathered) + listed, 1),
        step="steps - 1 - turn" if program.backwards else "turn",
        next=len(arrays(program, gathered, listed)),
        arrivals="\n".join(_arrivals(gathered)),
        rows_of="\n".join(_rows(program, gathered, listed)),
        body="\n".join(f"          {line}" for line in _body(program, gathered, listed)),
        after="        listed_count[at] = list(listed_row, neurons, listed_spike);" if listed else "",
    )


def arrays(program: Program, gathered: tuple[str, ...] = (), listed: bool = False) -> tuple[str, ...]:
    """Return the names of the arrays of a kernel, in order; those of the afferents follow."""
    moving = tuple(name for name in program.moving if name not in gathered)
    emitted = tuple(f"{name}_out" for name in program.emitted)
    summed = tuple(f"{name}_sum" for name in program.summed)
    lists = ("fired", "count") if listed else ()
    return (*program.kept, *program.fixed, *moving, *emitted, *summed, *lists)


def _arrivals(gathered: tuple[str, ...]) -> Iterator[str]:
    """Sum what arrives: for each inlet, the number of its afferents; for each afferent, (w, fired, count) and its size."""
    for number, name in enumerate(gathered):
        yield f"""\
        real *__restrict const {name}_row = room + {number} * neurons;
        for (whole i = 0; i < neurons; ++i) {name}_row[i] = 0;
        for (whole left = n[size++]; left > 0; --left, next += 3) {{
          const whole pre = n[size++];
          gather({name}_row, neurons, (const real *)p[next], (const int32_t *)p[next + 1] + at * pre,
                 ((const int32_t *)p[next + 2])[at]);
        }}"""


def _rows(program: Program, gathered: tuple[str, ...], listed: bool) -> Iterator[str]:
    """Find the row of this trial, or of this step and trial, in every array."""
    once = {*program.kept, *program.fixed, *(f"{name}_sum" for name in program.summed)}
    for number, name in enumerate(arrays(program, gathered, listed)):
        row = "trial" if name in once else "at"
        if name == "fired":
            yield f"        int32_t *const listed_row = (int32_t *)p[{number}] + at * neurons;"
        elif name == "count":
            yield f"        int32_t *const listed_count = (int32_t *)p[{number}];"
        else:
            yield f"        real *__restrict const {name}_row = (real *)p[{number}] + {row} * neurons;"
    if listed:
        yield f"        real *__restrict const listed_spike = room + {len(gathered)} * neurons;"


def _body(program: Program, gathered: tuple[str, ...], listed: bool) -> Iterator[str]:
    """Compute one neuron's step."""
    for name in (*program.kept, *program.fixed, *program.moving):
        yield f"const real {name} = {name}_row[i];"
    for name, value in program.statements:
        yield f"const real {name} = {CPP.text(value)};"
    for name in program.kept:
        yield f"{name}_row[i] = {name}_next;"
    for name in program.emitted:
        yield f"{name}_out_row[i] = {name};"
    for name in program.summed:
        yield f"{name}_sum_row[i] += inside * {name};"
    if listed:
        yield "listed_spike[i] = spike;"
