"""Let the tests of the datasets import what draws their pictures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
