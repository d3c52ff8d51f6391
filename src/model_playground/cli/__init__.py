"""The command line: one file a command. It shows what `model_playground.api` returns."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 when something was refused."""
    code = _answer(arguments)
    if arguments is None:
        # The process ends here: where another Ctrl-C finds Python clearing up is nobody's concern.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return code


def _answer(arguments: Sequence[str] | None) -> int:
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _run(arguments: Sequence[str] | None) -> int:
    from model_playground.cli.application import application
    from model_playground.core.errors import PlaygroundError, StoppedError, render
    from model_playground.core.whole_files import reason

    try:
        code = application(
            args=None if arguments is None else list(arguments),
            prog_name="playground",
            standalone_mode=False,
        )
    except StoppedError as stopped:
        print(render(stopped), file=sys.stderr)
        return 130
    except PlaygroundError as error:
        print(f"Error: {render(error)}", file=sys.stderr)
        return 2
    except OSError as error:  # a disk that is full, a folder that may not be written
        place = f"{error.filename} cannot be used: " if error.filename else ""
        what_to_do = ": make room, or choose a place on another disk" * _is_full(error)
        print(f"Error: {place}{reason(error)}{what_to_do}", file=sys.stderr)
        return 2
    except Exception as error:
        shown = getattr(error, "show", None)  # click's own errors: an unknown option, say
        if shown is None:
            raise
        shown()
        return int(getattr(error, "exit_code", 2))
    return int(code or 0)
