"""The routes of splits: the form of a new one, folds, lists, groups, and how far one is."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlite3 import Connection
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageEnhance

from model_playground.api import Playground
from model_playground.core.records import SplitPlan
from model_playground.server.app import create_app
from tests.server.conftest import jobs_begun


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Forty pictures in train and test folders; six are one picture, ever brighter."""
    random = np.random.default_rng(0)
    for number in range(40):
        folder = tmp_path / "photos" / ("train" if number < 30 else "test") / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(40, 160, (8, 8, 3), dtype=np.uint8))
        coarse.resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{_word(number)}.png")
    with Image.open(tmp_path / "photos" / "train" / "a" / f"{_word(0)}.png") as first:
        for number in range(2, 12, 2):
            brighter = ImageEnhance.Brightness(first).enhance(1 + number / 50)
            brighter.save(tmp_path / "photos" / "train" / "a" / f"{_word(number)}.png")
    return tmp_path / "photos"


def _word(number: int) -> str:
    """Name a picture so that no series is seen in the names."""
    return f"{number * 2654435761 % 2**32:08x}"


def imported(client: TestClient, folder: Path, name: str) -> str:
    """Import a folder and return the dataset's name."""
    answer = client.post(
        "/api/datasets", json={"path": str(folder), "name": name, "task": "classification"}
    )
    assert answer.status_code == 201, answer.text
    return name


def created(client: TestClient, dataset: str, name: str, **plan: Any) -> dict[str, Any]:
    """Create a split and return its record."""
    answer = client.post("/api/splits", json={"dataset": dataset, "name": name, **plan})
    assert answer.status_code == 201, answer.text
    record: dict[str, Any] = answer.json()
    return record


def test_the_form_has_every_field_of_the_plan_and_what_the_dataset_has(
    client: TestClient, photos: Path
) -> None:
    imported(client, photos, "photos")
    form = client.get("/api/split-form", params={"dataset": "photos"}).json()
    fields = form["plan"]["properties"]
    # There is no column to group or stratify by.
    assert set(fields) == set(SplitPlan.model_fields) - {"group_by", "stratify_by"}
    assert all(field["title"] and field["description"] for field in fields.values())
    assert fields["train"] == {
        "default": 70,
        "description": "per cent to learn from",
        "title": "Train, %",
        "type": "number",
    }
    assert form["items"] == 40
    assert form["partitions"] == {"train": 30, "test": 10}
    assert form["folders"] == ["test/", "test/a/", "test/b/", "train/", "train/a/", "train/b/"]
    assert {"class", "status", "folder"} <= set(form["fields"])
    assert (form["is_inspected"], form["is_compared"]) == (True, False)

    created(client, "photos", "one")
    form = client.get("/api/split-form", params={"dataset": "photos"}).json()
    assert form["is_compared"]


def test_the_form_offers_the_columns_of_a_table(client: TestClient, fruit: Path) -> None:
    rows = [
        f"{path.relative_to(fruit)},{path.parent.name},patient {number % 5}"
        for number, path in enumerate(sorted(fruit.glob("*/*.png")))
    ]
    (fruit / "labels.csv").write_text("\n".join(["file,label,patient", *rows]), encoding="utf-8")
    imported(client, fruit / "labels.csv", "fruit")
    form = client.get("/api/split-form", params={"dataset": "fruit"}).json()
    columns = {"type": "string", "enum": ["patient"]}
    assert form["plan"]["properties"]["group_by"]["items"] == columns
    assert form["plan"]["properties"]["stratify_by"]["items"] == columns
    assert form["partitions"] == {}
    assert "came in no parts" in form["unpartitioned"]


def test_folds_are_made_and_each_has_its_report(client: TestClient, fruit: Path) -> None:
    imported(client, fruit, "fruit")
    wanted = {"dataset": "fruit", "name": "k", "folds": 4, "stratify": True, "near_duplicates": 0}
    answer = client.post("/api/splits/folds", json=wanted)
    assert answer.status_code == 201, answer.text
    assert [one["name"] for one in answer.json()] == [f"k-fold-{fold}" for fold in (1, 2, 3, 4)]
    # 60 items, 20 % of them set apart as test; 48 in 4 folds.
    assert {tuple(one["counts"].values()) for one in answer.json()} == {(36, 12, 12)}
    assert client.post("/api/splits", json={**wanted, "name": "l"}).json()["code"] == (
        "split.has_folds"
    )


def test_the_lists_of_a_split_can_be_taken_along(client: TestClient, fruit: Path) -> None:
    imported(client, fruit, "fruit")
    counts = created(client, "fruit", "früchte 1")["counts"]
    answer = client.get("/api/splits/früchte 1/lists")
    assert answer.headers["content-disposition"].endswith("''fr%C3%BCchte%201.zip")
    with ZipFile(io.BytesIO(answer.content)) as archive:
        listed = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    assert {name: len(lines) for name, lines in listed.items()} == {
        f"{part}.txt": count for part, count in counts.items()
    }
    everything = [path for lines in listed.values() for path in lines]
    assert len(set(everything)) == 60
    assert all((fruit / path).is_file() for path in everything)
    assert client.get("/api/splits/none/lists").status_code == 404


def test_a_large_group_is_shown(client: TestClient, photos: Path) -> None:
    imported(client, photos, "photos")
    report = created(client, "photos", "../one")["report"]
    assert "may be a chain" in " ".join(report["notes"])
    folds = {"dataset": "photos", "name": "two", "folds": 2}
    assert client.post("/api/splits/folds", json=folds).status_code == 201
    for fold in (1, 2):
        assert client.get(f"/api/splits/two-fold-{fold}/groups").json() == [1]
        shown = client.get(f"/api/splits/two-fold-{fold}/groups/1")
        with Image.open(io.BytesIO(shown.content)) as sheet:
            assert sheet.format == "PNG"
            assert sheet.height == 128 + 2 * 4  # six images in one row
    missing = client.get("/api/splits/two-fold-1/groups/2")
    assert (missing.status_code, missing.json()["code"]) == (404, "group.unknown")

    created(client, "photos", "three", large_groups=True)
    assert client.get("/api/splits/three/groups").json() == []


@pytest.mark.parametrize("name", ["a/b", "50 % + 1?", "#1", "a%2Fb", "früh", "v1.2", "/"])
def test_every_name_is_found_under_its_address(client: TestClient, fruit: Path, name: str) -> None:
    imported(client, fruit, name)
    created(client, name, name, near_duplicates=False)
    address = quote(name, safe="")
    assert client.get(f"/api/datasets/{address}").json()["name"] == name
    assert client.post(f"/api/datasets/{address}/check").json()["dataset"] == name
    assert client.get(f"/api/splits/{address}").json()["name"] == name
    assert client.get(f"/api/splits/{address}/groups").json() == []
    assert client.get(f"/api/splits/{address}/lists").status_code == 200
    assert repr(name) in client.get(f"/api/experiments/{address}/series").json()["message"]


def test_a_name_leads_nowhere(client: TestClient, photos: Path, tmp_path: Path) -> None:
    imported(client, photos, "photos")
    for name in ("../../out", "/etc/x", "n" * 300):
        created(client, "photos", name)
    sheets = [path.parent for path in tmp_path.rglob("*-group-1.png")]
    assert sheets == 3 * [tmp_path / "workspace" / "artifacts" / "splits"]


def test_work_is_listed_as_long_as_it_lasts(playground: Playground) -> None:
    app = create_app(playground)
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/api/jobs").json() == []
    with app.state.jobs.told("split", name="one", dataset="fruit") as advance:
        (listed,) = client.get("/api/jobs").json()
        assert (listed["kind"], listed["name"], listed["dataset"]) == ("split", "one", "fruit")
        assert (listed["stage"], listed["done"], listed["total"]) == ("", 0, 0)
        advance("Comparing images", 3, 10)
        (listed,) = client.get("/api/jobs").json()
        assert (listed["stage"], listed["done"], listed["total"]) == ("Comparing images", 3, 10)
    assert client.get("/api/jobs").json() == []
    gone = client.post(f"/api/jobs/{listed['number']}/cancel")
    assert (gone.status_code, gone.json()["code"]) == (404, "job.unknown")


def test_a_refused_split_is_no_longer_listed_as_being_made(client: TestClient, fruit: Path) -> None:
    imported(client, fruit, "fruit")
    answer = client.post("/api/splits", json={"dataset": "fruit", "name": "one", "train": 10})
    assert answer.json()["code"] == "split.shares"
    assert client.get("/api/jobs").json() == []


@pytest.mark.parametrize("folds", [None, 2])
def test_a_cancelled_split_leaves_nothing_and_can_be_made_again(
    playground: Playground, held_fingerprints: Connection, photos: Path, folds: int | None
) -> None:
    app = create_app(playground)
    client = TestClient(app, base_url="http://localhost")
    imported(client, photos, "photos")
    plan = {"dataset": "photos", "name": "one", "folds": folds}
    route = "/api/splits/folds" if folds else "/api/splits"
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(client.post, route, json=plan)
        (job,) = jobs_begun(client)
        cancelled = client.post(f"/api/jobs/{job['number']}/cancel").json()
        assert cancelled["cancelled"]
        held_fingerprints.rollback()
        refused = answer.result()
    assert (refused.status_code, refused.json()["code"]) == (409, "job.cancelled")
    assert client.get("/api/jobs").json() == []
    assert client.get("/api/splits").json() == []
    assert list((playground.workspace / "artifacts").glob("splits/*")) == []
    assert client.post(route, json=plan).status_code == 201


def test_a_split_without_a_model_says_so_in_place_of_a_form(
    client: TestClient, tmp_path: Path
) -> None:
    folder = tmp_path / "birds"
    folder.mkdir()
    images, boxes = [], []
    for number in range(12):
        Image.new("RGB", (32, 32), (20 * number, 90, 90)).save(folder / f"{_word(number)}.png")
        images.append(
            {"id": number, "file_name": f"{_word(number)}.png", "width": 32, "height": 32}
        )
        box = {"id": number, "image_id": number, "category_id": 1, "bbox": [1, 1, 9, 9]}
        boxes.append(box)
    said = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "bird"}]}
    (folder / "birds.json").write_text(json.dumps(said))
    client.post("/api/datasets", json={"path": str(folder), "name": "birds"})
    created(client, "birds", "birds-1", near_duplicates=False)
    answer = client.get("/api/form", params={"split": "birds-1"}).json()
    assert answer["code"] == "task.untrainable"
    assert "the split 'birds-1' has labels for detection, for which no model" in answer["message"]
