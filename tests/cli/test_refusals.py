"""What cannot be done is refused in a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("experiment", "run"), "an experiment needs a split: name one with --split"),
        (("experiment", "run", "--loss", "mse"), "an experiment needs a split"),
        (("loss", "plot", "focal", "--vary", "gamma", "--out", "x.png"), "such as gamma=0,1,2"),
        (("loss", "plot", "focal", "--vary", "gamma=", "--out", "x.png"), "such as gamma=0,1,2"),
        (("serve", "--port", "99999"), "'--port': Input should be less than or equal to 65535"),
        (
            ("dataset", "list", "--workspace", "postgresql://me:secret@host/database"),
            "give the address of a database as PLAYGROUND_DATABASE",
        ),
    ],
)
def test_it_is_refused_with_what_to_do(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run(*command)
    assert refused.code == 2
    assert said in refused.err
    assert "secret" not in refused.err
    assert list(tmp_path.iterdir()) == []
