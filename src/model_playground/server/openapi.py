"""Write the description of the routes that the page's client is generated from.

python -m model_playground.server.openapi web/openapi.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from model_playground.server.app import api


def description() -> str:
    """Return the OpenAPI description as JSON text."""
    return json.dumps(api().openapi(), indent=1) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(description(), encoding="utf-8")
