"""No website reaches the server through a browser that happens to run on this machine."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from model_playground.api import Playground
from model_playground.server.app import create_app


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:1", "lab:80"]
)
def test_the_server_answers_to_its_own_names(playground: Playground, host: str) -> None:
    client = TestClient(create_app(playground, hosts=["lab"]))
    assert client.get("/api/splits", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", "", "[", "a:b"],
)
def test_another_name_is_refused_even_if_it_leads_here(playground: Playground, host: str) -> None:
    answer = TestClient(create_app(playground)).get("/api/splits", headers={"host": host})
    assert answer.status_code == 403
    assert answer.json()["code"] == "access.host"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8000", 404),  # the page's own: let through, and there is no such thing
        (None, 404),  # no browser
        ("http://evil.example", 403),
        ("http://localhost:9999", 403),  # another program of this machine
        ("null", 403),  # a page in a sandbox
    ],
)
def test_only_the_own_page_changes_anything(
    playground: Playground, origin: str | None, status: int
) -> None:
    client = TestClient(create_app(playground), base_url="http://localhost:8000")
    headers = {} if origin is None else {"origin": origin}
    assert client.post("/api/experiments/no/stop", headers=headers).status_code == status
