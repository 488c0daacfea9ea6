"""Comparing learning rules, and sweeping settings: many runs from one description, and what they say with how much certainty.

In reading order: what is compared (comparison, engines, cells), which runs that means (plan, standing, estimate), how they are
carried out (job, worker, crew, cluster, board, carrying_out), what they found (scores, judgement, beginnings, tables, results).
"""

from bio_fa.comparison.comparing import compare
from bio_fa.comparison.comparison import Comparison
from bio_fa.comparison.engines import Engine, Local, Slurm
from bio_fa.comparison.results import Results

__all__ = ["Comparison", "Engine", "Local", "Results", "Slurm", "compare"]
