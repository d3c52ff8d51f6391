"""The command line: one file a command. It shows what `model_playground.api` returns."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 when something was refused."""
    from model_playground.cli.application import application
    from model_playground.core.errors import PlaygroundError, StoppedError, render

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
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except Exception as error:
        shown = getattr(error, "show", None)  # click's own errors: an unknown option, say
        if shown is None:
            raise
        shown()
        return int(getattr(error, "exit_code", 2))
    return int(code or 0)
