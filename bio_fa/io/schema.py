"""Schema: which layouts of a run's files are understood; another one is refused with the reason."""

from __future__ import annotations

from bio_fa.errors import SchemaError


def require_understood(path: object, found: object, understood: str | int) -> None:
    """Refuse a file whose layout is of another major version; a minor one adds what readers may leave out.

    Raises:
        SchemaError: naming the file, its version, what is understood and what to do.
    """
    major, known = _major(found), _major(understood)
    if major is None or known is None:
        raise SchemaError(f"{path} has the layout {found!r:.60}, but {understood} is understood; restore a copy or run again.")
    if major != known:
        remedy = "update bio_fa" if major > known else "read it with the bio_fa that wrote it, or run again"
        raise SchemaError(f"{path} has the layout {found}, but {understood} is understood; {remedy}.")


def _major(version: object) -> int | None:
    """Return 1 for ``1`` and ``"1.0"``, and None for what is no version."""
    first = str(version).partition(".")[0]
    whole = isinstance(version, str | int) and not isinstance(version, bool) and first.isascii() and first.isdigit()
    return int(first) if whole and len(first) < 10 else None
