"""The ways in which a finding can end: it blocks the import, is left out, clipped, or is kept."""

from __future__ import annotations

from collections.abc import Sequence

from model_playground.core.records import Finding


def blocking(kind: str, message: str, *, file: str = "", line: int | None = None) -> Finding:
    """Return the finding for an item that cannot be used."""
    return Finding(
        kind=kind,
        severity="error",
        message=message,
        decision="blocks import",
        file=file,
        line=line,
    )


def left_out(kind: str, message: str, *, file: str = "", line: int | None = None) -> Finding:
    """Return the finding for something without which the dataset is as good."""
    return Finding(
        kind=kind, severity="warning", message=message, decision="dropped", file=file, line=line
    )


def warning(
    kind: str, message: str, *, file: str = "", line: int | None = None, others: Sequence[str] = ()
) -> Finding:
    """Return the finding for something that is kept and may do harm."""
    return Finding(
        kind=kind,
        severity="warning",
        message=message,
        decision="kept",
        file=file,
        line=line,
        others=tuple(others),
    )


def clipped(kind: str, message: str, *, file: str = "", line: int | None = None) -> Finding:
    """Return the finding for something of which a part is kept."""
    return Finding(
        kind=kind, severity="warning", message=message, decision="clipped", file=file, line=line
    )


def information(kind: str, message: str, *, file: str = "", line: int | None = None) -> Finding:
    """Return the finding for something that is kept and is worth knowing."""
    return Finding(
        kind=kind, severity="information", message=message, decision="kept", file=file, line=line
    )
