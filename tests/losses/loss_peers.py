"""The losses of other libraries, imported without the models that they ship beside them."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from types import ModuleType


@cache
def losses_of_smp() -> ModuleType:
    """Return segmentation_models_pytorch.losses; the whole package takes 15 s to import."""
    whole = importlib.util.find_spec("segmentation_models_pytorch")
    assert whole is not None
    assert whole.submodule_search_locations is not None
    folder = f"{whole.submodule_search_locations[0]}/losses"
    spec = importlib.util.spec_from_file_location(
        "losses_of_smp", f"{folder}/__init__.py", submodule_search_locations=[folder]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
