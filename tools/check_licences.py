"""Check that everything the project installs or ships is under a permissive licence.

Two lists are read: the runtime requirements, of which the installed ones are looked at, and the
packages that the web page is built from, whose lock names their licences.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent

PERMISSIVE = {
    *("0BSD", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD License", "BSD 3-Clause License"),
    *("Apache-2.0", "Apache 2.0", "Apache Software License"),
    *("MIT", "MIT-0", "MIT-CMU", "MIT License", "ISC", "ISC License"),
    *("PSF-2.0", "Python-2.0", "Python Software Foundation License"),
    *("BSL-1.0", "BlueOak-1.0.0", "CC0-1.0", "Unlicense", "Zlib"),
}
"""Names of permissive licences, as SPDX expressions, classifiers and older fields give them."""

ALLOWED = {
    # PyTorch's own requirements on Linux: NVIDIA's run-time libraries, proprietary and free of
    # charge, installed from NVIDIA's wheels by the user and never passed on by this project.
    "nvidia-": "NVIDIA's CUDA run-time libraries",
    "cuda-toolkit": "a list of NVIDIA's CUDA run-time libraries, without content of its own",
    # The Mozilla licence asks for changes to these files to be published; none are made here.
    "certifi": "MPL-2.0",
    "tqdm": "MPL-2.0 AND MIT",
}
"""What is allowed although its licence is not permissive: beginnings of names."""


def is_permissive(expression: str) -> bool:
    """Tell whether a licence expression can be met by permissive licences alone.

    >>> is_permissive("MIT AND Apache-2.0 WITH LLVM-exception"), is_permissive("MIT OR GPL-3.0")
    (True, True)
    >>> is_permissive("MIT AND AGPL-3.0-only"), is_permissive("")
    (False, False)
    """
    names = re.split(r" (AND|OR) ", re.sub(r"[()]| WITH [\w-]+", "", expression))
    permissive = [name in PERMISSIVE for name in names[::2]]
    # A choice among several that must also all hold is read as strictly as it can be.
    return any(permissive) if "AND" not in names[1::2] else all(permissive)


def installed() -> Iterator[tuple[str, str]]:
    """Yield name and licence of each runtime requirement installed on this machine."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name in sorted(set(re.findall(r"^([a-z0-9._-]+)==", lock, flags=re.MULTILINE))):
        try:
            fields = metadata(name)
        except PackageNotFoundError:
            continue  # required on another system or by another Python only
        classifiers = [
            classifier.rpartition(" :: ")[2].partition(" (")[0]
            for classifier in fields.get_all("Classifier", [])
            if classifier.startswith("License ::")
        ]
        stated = fields.get_all("License-Expression") or classifiers or fields.get_all("License")
        yield name, " AND ".join(stated or [])


def built_into_the_page() -> Iterator[tuple[str, str]]:
    """Yield name and licence of each package whose code the web page carries."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    for path, package in lock["packages"].items():
        if path and not package.get("dev"):
            yield path.rpartition("node_modules/")[2], package.get("license", "")


def main() -> int:
    """Print one sentence for each licence that is refused, and return the exit code."""
    checked = [*installed(), *built_into_the_page()]
    refused = [
        (name, licence)
        for name, licence in checked
        if not is_permissive(licence) and not name.startswith(tuple(ALLOWED))
    ]
    for name, licence in refused:
        print(
            f"{name} is under {licence.splitlines()[0]!r}, which is not known to be permissive:"
            if licence
            else f"{name} states no licence:",
            "replace it, or add the licence to tools/check_licences.py with the reason",
            file=sys.stderr,
        )
    if not refused:
        print(f"The licences of {len(checked)} packages are permissive or allowed by name.")
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main())
