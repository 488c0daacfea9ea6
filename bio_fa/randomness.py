"""All randomness of a run comes from one seed, in streams keyed by what they are for."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """Return the random stream of one purpose, such as ``stream(1, "circuit", "V1_E_to_V2_E")``.

    Streams of different purposes are independent, so that adding a projection or a task moves no other draw.

    Choice: the words are hashed with SHA-256, because Python's own hash changes from process to process.
    """
    digest = hashlib.sha256("\0".join(purpose).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], dtype=np.uint32).tolist()])
