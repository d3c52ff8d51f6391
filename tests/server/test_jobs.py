"""Work that takes long: it is cancelled, by a person or because the server is to end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest
from fastapi.testclient import TestClient

from model_playground.api import Playground
from model_playground.core.errors import StoppedError
from model_playground.server.app import create_app
from tests.server.conftest import jobs_begun


def test_a_cancelled_import_leaves_nothing_and_can_be_made_again(
    playground: Playground, client: TestClient, fruit: Path
) -> None:
    facts = playground.workspace / "artifacts" / "image_facts.sqlite"
    facts.parent.mkdir(parents=True, exist_ok=True)
    wanted = {"path": str(fruit), "name": "fruit"}
    with closing(connect(facts, isolation_level=None)) as held, ThreadPoolExecutor(1) as thread:
        held.execute("BEGIN IMMEDIATE")  # what is known of images cannot be kept meanwhile
        answer = thread.submit(client.post, "/api/datasets", json=wanted)
        (job,) = jobs_begun(client)
        assert (job["kind"], job["name"]) == ("import", "fruit")
        client.post(f"/api/jobs/{job['number']}/cancel")
        held.rollback()
        refused = answer.result()
    assert (refused.status_code, refused.json()["code"]) == (409, "job.cancelled")
    assert client.get("/api/datasets").json() == []
    assert client.get("/api/jobs").json() == []
    assert client.post("/api/datasets", json=wanted).status_code == 201


def test_work_ends_when_the_server_is_to_end(playground: Playground) -> None:
    app = create_app(playground)
    with app.state.jobs.told("import", name="one", dataset="one") as advance:
        app.state.is_closing = lambda: True
        with pytest.raises(StoppedError):
            advance("Reading images", 1, 2)
