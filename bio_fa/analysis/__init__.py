"""Reading a run: what its folder alone can tell, without the machine that computed it.

``inspect_run`` measures a run folder, ``summarise`` prints the measures in a screenful, ``write_report`` writes them
with their figures as one self-contained HTML page. ``check_run`` asks whether the folder is what the run left.
"""

from bio_fa.analysis.inspection import inspect_run
from bio_fa.analysis.report import write_report
from bio_fa.analysis.soundness import check_run
from bio_fa.analysis.summary import summarise

__all__ = ["check_run", "inspect_run", "summarise", "write_report"]
