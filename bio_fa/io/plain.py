"""Plain: values as JSON knows them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from bio_fa.errors import RecordError


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: NumPy's numbers and arrays as Python's, None for a number that is not finite."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_json(value: Any, indent: int | None = None) -> str:
    """Return a value as strict JSON.

    Raises:
        RecordError: when it holds something that JSON does not know.
    """
    try:
        return json.dumps(plain(value), indent=indent, allow_nan=False)
    except TypeError as error:
        raise RecordError(
            f"A record holds what JSON cannot ({error}); give numbers, texts, lists and tables."
        ) from error
