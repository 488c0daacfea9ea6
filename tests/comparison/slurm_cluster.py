"""A cluster of one node under SLURM, on this machine's loopback, for as long as a test takes.

It needs the programs of Debian's packages munge, slurmctld, slurmd and slurm-client, and root, because slurmd starts jobs as
whoever submitted them. It touches no cluster that may be here: its files, sockets and ports are its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "runuser")
KEEPER = "munge"
"""The user as whom munged runs, which refuses to be root's."""
PATIENCE = 60.0
"""Seconds until the node must be there."""

CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=defer_batch,sched_interval=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def lacking() -> str | None:
    """Return why there can be no cluster here; None: there can."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=_path()) is None]
    if missing:
        return f"SLURM's programs are not installed: {', '.join(missing)}"
    return None if os.geteuid() == 0 else "slurmd needs root to start the jobs of a user"


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


@contextmanager
def cluster() -> Iterator[dict[str, str]]:
    """Start a cluster, yield the environment in which its programs find it, and end it.

    Raises:
        RuntimeError: when its node does not come up, with what its programs said.
    """
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": _path()}
    processes: list[subprocess.Popen[bytes]] = []
    try:
        _configure(folder)
        processes.append(_munge(folder))
        for program in (["slurmctld", "-D", "-c"], ["slurmd", "-D"]):
            processes.append(_start(program, folder, environment))
        _wait(folder, environment, processes)
        yield environment
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    ports = {"controller": _port(), "daemon": _port()}
    text = CONFIGURATION.format(host=socket.gethostname().partition(".")[0], folder=folder, **ports)
    (folder / "slurm.conf").write_text(text, encoding="utf-8")


def _port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _munge(folder: Path) -> subprocess.Popen[bytes]:
    """Start munged as its own user, with a key and a socket of its own."""
    home = folder / "munge"
    home.mkdir()
    (home / "key").write_bytes(os.urandom(128))
    (home / "key").chmod(0o400)
    for each in (home, home / "key"):
        shutil.chown(each, KEEPER, KEEPER)
    files = [f"--{what}-file={home / what}" for what in ("key", "pid", "log", "seed")]
    return _start(["runuser", "-u", KEEPER, "--", "munged", "--foreground", f"--socket={home / 'socket'}", *files], folder, {})


def _start(words: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "said.log").open("ab") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, "PATH": _path(), **environment})


def _wait(folder: Path, environment: dict[str, str], processes: list[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and all(process.poll() is None for process in processes):
        asked = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, env={**os.environ, **environment})
        if asked.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    said = (folder / "said.log").read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"The cluster's node did not come up: {said[-2000:]}")
