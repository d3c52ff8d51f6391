"""`python -m model_playground.cli` is `playground`."""

import sys

from model_playground.cli import main

sys.exit(main())
