"""Worker: a process that performs one job after the other, a line each on its input; a line on its output says how each ended.

    python -m bio_fa.comparison.worker

When its input ends, because the study was stopped or killed, the run in progress leaves a checkpoint and the process ends.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import TextIO

from bio_fa.comparison.job import Job
from bio_fa.errors import BioFAError, PreemptionError
from bio_fa.io.plain import to_json


def main() -> None:
    """Perform the jobs that come."""
    signal.signal(signal.SIGTERM, _end)
    replies, jobs = _replies(), queue.SimpleQueue[str | None]()
    threading.Thread(target=_receive, args=(jobs,), daemon=True).start()
    while (text := jobs.get()) is not None:
        error = _perform(Job.read(text))
        print(to_json({"error": error}), file=replies, flush=True)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit()


def _replies() -> TextIO:
    """Return where replies go; what else is printed goes to the standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return replies


def _receive(jobs: queue.SimpleQueue[str | None]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    jobs.put(None)
    os.kill(os.getpid(), signal.SIGTERM)


def _perform(job: Job) -> str:
    """Return why a job failed; nothing if it ended, well or by diverging, as the run's folder says."""
    try:
        job.perform()
    except PreemptionError:
        sys.exit()
    except BioFAError as error:
        return str(error)
    except Exception as error:
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    main()
