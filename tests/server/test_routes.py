"""The routes over a real workspace: what they return, and how they refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from model_playground.api import Playground
from model_playground.core.records import SplitPlan
from model_playground.datasets.finding_kinds import KINDS
from model_playground.datasets.formats.format import FORMATS
from model_playground.server import app
from model_playground.server.openapi import description
from model_playground.server.routes.datasets import DatasetImport

COMMITTED = Path(__file__).parents[2] / "web" / "openapi.json"


def specification(**changes: Any) -> dict[str, Any]:
    """Return a small experiment on the fruit."""
    return {
        "split": "fruit-1",
        "task": "classification",
        "architecture": {"name": "timm"},
        "weights": "none",
        **changes,
    }


@pytest.fixture
def fruit_split(client: TestClient, fruit: Path) -> str:
    """The fruit, imported and split."""
    imported = client.post("/api/datasets", json={"path": str(fruit), "name": "fruit"})
    assert imported.status_code == 201, imported.text
    assert imported.json()["dataset"]["class_counts"] == {"cherry": 20, "lemon": 20, "plum": 20}
    created = client.post("/api/splits", json={"dataset": "fruit", "name": "fruit-1"})
    assert created.status_code == 201, created.text
    return "fruit-1"


def test_an_empty_workspace_lists_nothing(client: TestClient) -> None:
    for noun in ("datasets", "splits", "experiments"):
        assert client.get(f"/api/{noun}").json() == []


def test_what_can_be_chosen_is_listed(client: TestClient) -> None:
    tasks = {task["name"] for task in client.get("/api/tasks").json()}
    assert {"classification", "segmentation", "regression"} <= tasks
    losses = [loss["name"] for loss in client.get("/api/losses").json()]
    assert client.get(f"/api/losses/{losses[0]}").json()["name"] == losses[0]
    (slot,) = client.get("/api/loss-choices", params={"task": "classification"}).json()
    assert {loss["name"] for loss in slot["losses"]} == set(losses)
    of_task = client.get("/api/architectures", params={"task": "segmentation"}).json()
    assert 0 < len(of_task) < len(client.get("/api/architectures").json())


def test_what_an_option_sets_has_the_title_of_its_field(client: TestClient) -> None:
    words = client.get("/api/words").json()
    assert words["weights"] == "Weights"
    assert words["target-column"] == DatasetImport.model_fields["target_columns"].title
    assert words["large-groups"] == SplitPlan.model_fields["large_groups"].title
    assert "plugin" not in words  # set where the server is started, and nowhere on the page


def test_formats_and_kinds_of_findings_are_listed_as_they_declare_themselves(
    client: TestClient,
) -> None:
    formats = client.get("/api/formats").json()
    assert [one["title"] for one in formats] == sorted(
        (kind.title for kind in FORMATS), key=str.lower
    )
    table = next(one for one in formats if one["name"] == "table")
    assert set(table["options"]) <= set(DatasetImport.model_fields)
    assert table["contents"][0]["read"]
    kinds = {one["name"]: one for one in client.get("/api/finding-kinds").json()}
    assert set(kinds) == set(KINDS)
    assert kinds["unreadable_image"]["remedy"]


def test_files_are_checked_before_their_import(client: TestClient, fruit: Path) -> None:
    (fruit / "plum" / "broken.png").write_bytes(b"no image")
    refused = client.post("/api/datasets", json={"path": str(fruit), "name": "fruit"})
    assert refused.status_code == 422
    report = client.post("/api/datasets/check", json={"path": str(fruit)}).json()
    assert report["items"] == 60
    (error,) = [one for one in report["findings"] if one["severity"] == "error"]
    assert (error["kind"], error["file"]) == ("unreadable_image", "plum/broken.png")
    assert client.get("/api/datasets").json() == []
    missing = client.post("/api/datasets/check", json={"path": str(fruit / "none")})
    assert missing.status_code == 404


def test_an_import_can_copy_and_can_refuse_to_leave_anything_out(
    client: TestClient, fruit: Path, playground: Playground
) -> None:
    (fruit / "plum" / "broken.png").write_bytes(b"no image")
    wanted = {"path": str(fruit), "name": "fruit", "drop_faulty": True}
    strict = client.post("/api/datasets", json={**wanted, "strict": True})
    assert strict.json()["code"] == "dataset.not_whole"
    copied = client.post("/api/datasets", json={**wanted, "copy_files": True}).json()["dataset"]
    assert Path(copied["root"]).is_relative_to(playground.workspace)
    assert len(list(Path(copied["root"]).rglob("*.png"))) == 60


def test_what_an_import_found_and_the_figures_are_shown_later(
    client: TestClient, fruit: Path
) -> None:
    Image.new("RGB", (32, 32), (90, 9, 9)).save(fruit / "plum" / "dull.png")
    imported = client.post("/api/datasets", json={"path": str(fruit), "name": "fruit"}).json()
    assert imported["report"]["findings"]
    assert client.get("/api/datasets/fruit/report").json() == imported["report"]
    figures = client.get("/api/datasets/fruit/statistics").json()
    assert (figures["items"], figures["sizes"][0]["width"]) == (61, 32)
    page = client.get("/api/datasets/fruit/page")
    assert page.headers["content-type"].startswith("text/html")
    assert "data:image/" in page.text
    (fruit / "plum" / "dull.png").unlink()
    again = client.post("/api/datasets/fruit/inspect").json()
    assert (again["dataset"]["items"], again["dataset"]["revision_number"]) == (60, 2)
    for what in ("report", "statistics", "page"):
        assert client.get(f"/api/datasets/none/{what}").status_code == 404


def test_datasets_are_joined_and_refused_as_on_the_command_line(
    client: TestClient, fruit: Path
) -> None:
    for name, others in (("sweet", "plum"), ("sour", "lemon")):
        rows = [f"{one}/{number}.png,{one}" for one in ("cherry", others) for number in range(20)]
        (fruit / f"{name}.csv").write_text("\n".join(["file,label", *rows]), encoding="utf-8")
        told = {"path": str(fruit / f"{name}.csv"), "name": name, "task": "classification"}
        assert client.post("/api/datasets", json=told).status_code == 201
    joined = client.post("/api/datasets/join", json={"parts": ["sweet", "sour"], "name": "both"})
    assert joined.status_code == 201
    assert joined.json()["class_counts"] == {"cherry": 40, "plum": 20, "lemon": 20}
    assert client.get("/api/datasets/both").json()["columns"] == ["dataset"]
    for parts, name, code in (
        (["sweet"], "one", "dataset.join"),
        (["sweet", "sour"], "sour", "dataset.join"),
        (["sweet", "none"], "new", "dataset.unknown"),
    ):
        refused = client.post("/api/datasets/join", json={"parts": parts, "name": name})
        assert refused.json()["code"] == code


def test_advice_on_losses_is_given_for_a_dataset(client: TestClient, fruit_split: str) -> None:
    advice = client.get("/api/losses/advice", params={"dataset": "fruit"}).json()
    assert (advice["task"], advice["images"]) == ("classification", 60)
    (slot,) = advice["slots"]
    assert slot["default"]["name"] == "cross_entropy"
    assert {one["name"] for one in slot["measured"] if one["state"] == "found"} == {"few images"}
    refused = client.get("/api/losses/advice", params={"task": "detection"})
    assert refused.status_code == 404
    assert "no task named" in refused.json()["message"]


def test_what_a_check_finds_is_shown_with_its_images(client: TestClient, fruit: Path) -> None:
    Image.new("RGB", (32, 32), (90, 9, 9)).save(fruit / "plum" / "dull.png")
    client.post("/api/datasets", json={"path": str(fruit), "name": "my/fruit"})
    shown = client.get("/api/datasets/my%2Ffruit/check-page")
    assert shown.headers["content-type"].startswith("text/html")
    assert "plum/dull.png is of nearly one colour" in shown.text
    assert "data:image/" in shown.text
    assert client.get("/api/datasets/none/check-page").status_code == 404


def test_from_images_to_the_queue_and_out_of_it(client: TestClient, fruit_split: str) -> None:
    assert client.post("/api/datasets/fruit/check").json()["findings"] == []
    assert client.get("/api/datasets/fruit").json()["items"] == 60
    split = client.get(f"/api/splits/{fruit_split}").json()
    assert split["counts"] == {"train": 42, "test": 12, "validation": 6}

    form = client.get("/api/form", params={"split": fruit_split}).json()
    states = {loss["name"]: loss["state"] for loss in form["slots"][0]["losses"]}
    assert (states["focal"], states["mse"], states["giou_box"]) == (
        "valid",
        "discouraged",
        "refused",
    )

    wanted = specification(losses={"class": [{"loss": "focal", "parameters": {"gamma": 1}}]})
    filled = client.post("/api/experiments/validate", json=wanted).json()
    assert filled["metrics"]
    assert client.get("/api/experiments").json() == []

    created = client.post("/api/experiments", json=wanted)
    assert created.status_code == 201
    name = created.json()["name"]
    assert client.get(f"/api/experiments/{name}").json()["state"] == "queued"
    assert client.post(f"/api/experiments/{name}/stop").json()["state"] == "interrupted"
    (series,) = client.get(f"/api/experiments/{name}/series").json()
    assert series["points"] == []


def test_an_unknown_name_is_not_found(client: TestClient) -> None:
    answer = client.get("/api/losses/focl")
    assert answer.status_code == 404
    assert answer.json()["code"] == "loss.unknown"
    assert "Did you mean" in answer.json()["message"]
    for address in ("datasets/no", "splits/no", "experiments/no", "experiments/no/series"):
        assert client.get(f"/api/{address}").status_code == 404
    assert client.post("/api/experiments/no/stop").status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"losses": {"class": "giou_box"}}, "loss.refused"),
        ({"losses": {"class": "focal(gamma=-1)"}}, "parameter.invalid"),
        ({"architecture": "tim"}, "architecture.unknown"),
        ({"training": {"early_stopping": {"monitor": "luck"}}}, "monitor.unknown"),
        ({"training": {"epochs": 0}}, "request.invalid"),
        ({"colour": "blue"}, "request.invalid"),
    ],
)
def test_what_cannot_run_is_refused_with_a_sentence(
    client: TestClient, fruit_split: str, changes: dict[str, Any], code: str
) -> None:
    for address in ("/api/experiments/validate", "/api/experiments"):
        answer = client.post(address, json=specification(**changes))
        assert answer.status_code in (404, 422)
        assert answer.json()["code"] == code
        assert answer.json()["message"]
    assert client.get("/api/experiments").json() == []


def test_a_request_of_the_wrong_shape_says_where(client: TestClient) -> None:
    answer = client.post("/api/splits", json={"dataset": "fruit", "name": "", "train": "most"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "request.invalid"
    assert set(answer.json()["arguments"]) == {"name", "train"}


def test_a_plug_in_is_never_taken_from_a_request(
    client: TestClient, fruit_split: str, tmp_path: Path
) -> None:
    trace = tmp_path / "was-run"
    plugin = tmp_path / "loss.py"
    plugin.write_text(f"open({str(trace)!r}, 'w')", encoding="utf-8")
    named = specification(plugins=[{"path": str(plugin), "sha256": "0" * 64}])
    answer = client.post("/api/experiments", json=named)
    assert (answer.status_code, answer.json()["code"]) == (422, "plugin.not_started_with")
    assert not trace.exists()


def test_the_client_of_the_page_is_generated_from_these_routes() -> None:
    # Otherwise: python -m model_playground.server.openapi web/openapi.json
    # and in web/: npm run generate
    assert COMMITTED.read_text(encoding="utf-8") == description()


def test_the_server_does_without_torch(playground: Playground, tmp_path: Path) -> None:
    playground.list_losses()  # writes the catalogue, which takes torch once
    program = """
import sys
from fastapi.testclient import TestClient
from PIL import Image
from model_playground.api import Playground
from model_playground.server.app import create_app
client = TestClient(create_app(Playground(sys.argv[1])), base_url="http://localhost")
for noun in ("losses", "tasks", "architectures", "experiments"):
    assert client.get(f"/api/{noun}").status_code == 200, noun
print("torch" in sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "False"


def test_the_built_page_answers_every_address(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PAGE", tmp_path / "page")
    (tmp_path / "page" / "assets").mkdir(parents=True)
    (tmp_path / "page" / "index.html").write_text("the page", encoding="utf-8")
    (tmp_path / "page" / "assets" / "main.js").write_text("its script", encoding="utf-8")
    client = TestClient(app.create_app(playground), base_url="http://localhost")
    browser = {"accept": "text/html"}
    assert client.get("/experiments/some-name", headers=browser).text == "the page"
    assert client.get("/assets/main.js").text == "its script"
    assert client.get("/api/nothing").status_code == 404
    assert client.get("/../pyproject.toml").status_code == 404


def test_a_page_that_is_not_built_says_how_to_build_it(
    playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "PAGE", tmp_path / "nowhere")
    answer = TestClient(app.create_app(playground), base_url="http://localhost").get("/splits")
    assert answer.status_code == 503
    assert "make page" in answer.text
