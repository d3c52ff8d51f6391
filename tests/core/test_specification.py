"""A specification is one YAML file that reads back as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_playground.core.errors import InvalidError
from model_playground.core.specification import Specification, read_specification

WRITTEN = """\
split: fruit
task: classification
architecture: timm
losses:
  class: focal(gamma=1.5) + 0.5*cross_entropy
training:
  epochs: 3
  early_stopping:
    patience: 2
"""


def test_it_reads_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    specification = read_specification(path)
    assert [str(term) for term in specification.losses["class"]] == [
        "focal(gamma=1.5)",
        "0.5*cross_entropy",
    ]
    assert specification.training.early_stopping is not None
    again = tmp_path / "again.yaml"
    again.write_text(specification.to_yaml(), encoding="utf-8")
    assert read_specification(again) == specification
    record = specification.model_dump(mode="json")
    assert Specification.model_validate(record) == specification


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "holds no specification"),
        ("a: b: c", "is no YAML"),
        ("split: x", "needs the parameter 'task'"),
        (WRITTEN.replace("epochs: 3", "epoch: 3"), "no parameter 'training.epoch'"),
        (WRITTEN.replace("epochs: 3", "epochs: 0"), "training.epochs=0 is refused"),
        (WRITTEN.replace("focal(gamma=1.5)", "focal(1.5)"), "given by name"),
        (WRITTEN + "schema_version: 99\n", "schema_version"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidError, match=said.replace("(", r"\(")):
        read_specification(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"nothing\.yaml cannot be read: No such file"):
        read_specification(tmp_path / "nothing.yaml")
