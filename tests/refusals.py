"""What every refusal owes its reader: one sentence with who, what came, what is allowed and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bio_fa.errors import BioFAError, DescriptionError


def assert_refused(make: Callable[[], Any], *fragments: str, error: type[BioFAError] = DescriptionError) -> None:
    """Require that ``make`` raises exactly ``error``, in one sentence that holds every fragment."""
    with pytest.raises(error) as caught:
        make()
    sentence = str(caught.value)
    assert type(caught.value) is error
    assert "\n" not in sentence and sentence.endswith((".", "?"))
    assert [fragment for fragment in fragments if fragment not in sentence] == [], sentence
