"""Let the tests of the losses import the samples and references beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
