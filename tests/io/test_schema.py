"""Failure aimed at: a layout of the future that is read as if it were known, or one of today that is refused."""

from __future__ import annotations

import pytest

from bio_fa.errors import SchemaError
from bio_fa.io.schema import require_understood


@pytest.mark.parametrize(("found", "understood"), [("1.0", "1.0"), ("1.7", "1.0"), (1, 1), ("1", 1)])
def test_the_same_major_version_is_read(found, understood):
    require_understood("activity.h5", found, understood)


@pytest.mark.parametrize(
    ("found", "remedy"), [("2.0", "update bio_fa"), (17, "update bio_fa"), ("0.9", "read it with the bio_fa that wrote it")]
)
def test_another_major_version_is_refused_with_what_to_do(found, remedy):
    with pytest.raises(SchemaError, match=rf"^activity.h5 has the layout {found}, but 1.0 is understood; {remedy}.*\.$"):
        require_understood("activity.h5", found, "1.0")


@pytest.mark.parametrize("found", ["", "x", "-1", None, True, 1.0, [1], {}, "٣", "9" * 5000])
def test_what_is_no_version_is_refused(found):
    with pytest.raises(SchemaError, match=r"restore a copy or run again\.$"):
        require_understood("activity.h5", found, "1.0")
