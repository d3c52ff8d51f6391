"""The page in a real browser, over a real server with a real worker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from sqlite3 import Connection

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from model_playground.api import Playground
from model_playground.core.records import SplitPlan
from model_playground.core.specification import Specification
from model_playground.datasets.formats.format import FORMATS
from model_playground.server.app import PAGE
from model_playground.server.routes.datasets import DatasetImport

pytestmark = pytest.mark.slow

CHROMIUM = os.environ.get("PLAYGROUND_CHROMIUM", "/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SERVE = "import sys; from model_playground.cli import main; sys.exit(main(sys.argv[1:]))"
TRAINING_MS = 120_000
expect.set_options(timeout=30_000)  # the first form waits for the losses' declarations

PLUGIN = '''
import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Link, Reading, TargetForm
from model_playground.losses.base import Loss, register


@register
class DoubtLoss(Loss):
    r"""Doubt: cross-entropy that a teacher has made up.

    Formula:
        -\\log p_y
    Symbols:
        p: the predicted probability
        y: the true class
    Lowest value:
        0
    Uninformed guess:
        ln C
    Prefer:
        In lessons.
    Avoid:
        Elsewhere.
    Shape:
        input (N, C); target (N,)
    Reference:
        none
    """

    name = "doubt"
    title = "Doubt"
    family = "classification"
    reads = (Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),)

    stubbornness: float = Field(default=0.25, ge=0, le=1, description="how little it learns")

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        value = torch.nn.functional.cross_entropy(input.float(), target, reduction="none")
        return (1 - self.stubbornness) * value, torch.ones_like(value)
'''

SCROLLED = 20
# The browser tells of a scroll a frame late: by then what arrived has moved the field as well.
ARRIVES_DURING_A_SCROLL = f"""() => {{
    window.scrollBy(0, {SCROLLED});
    const arrived = document.createElement("div");
    arrived.style.height = "900px";
    const form = document.activeElement.closest("fieldset").parentElement;
    form.prepend(arrived);
}}"""

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which no script may fail."""
    failures: list[str] = []
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    opened.on("pageerror", lambda error: failures.append(str(error)))
    yield opened
    context.close()
    assert failures == []


@pytest.fixture
def serve(playground: Playground) -> Iterator[Serve]:
    """Start the server over the workspace and return its address."""
    if not (PAGE / "index.html").is_file():
        pytest.skip("the page is not built: make page")
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> str:
        workspace = ("--workspace", str(playground.workspace))
        command = [sys.executable, "-c", SERVE, "serve", "--port", "0", *workspace, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address is not None
        return address[0]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def choose(page: Page, field: str, option: str) -> None:
    """Choose an option of a field with a list."""
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option).first.click()


def run_experiment(page: Page, *, loss: str, epochs: int, repeats: int) -> None:
    """Fill in the form of a new experiment that is already open, and run it."""
    choose(page, "Loss of “class”", loss)
    page.get_by_role("combobox", name="Weights").fill("none")
    page.get_by_role("textbox", name="Epochs").fill(str(epochs))
    page.get_by_role("textbox", name="Image size").fill("32")
    page.get_by_role("textbox", name="Repeats").fill(str(repeats))
    page.get_by_role("button", name="Run").click()
    page.wait_for_url("**/experiments/*")


def test_from_images_to_a_comparison(page: Page, serve: Serve, fruit: Path) -> None:
    page.goto(serve())

    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("textbox", name="Path").fill(str(fruit / "missing"))
    page.get_by_role("textbox", name="Name").fill("fruit")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("missing")
    page.get_by_role("textbox", name="Path").fill(str(fruit))
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("row", name="fruit")).to_contain_text("cherry (20)")

    page.get_by_role("link", name="Splits").click()
    expect(page.get_by_role("heading", name="Create a split")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("fruit-1")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="fruit-1")).to_be_visible()
    expect(page.get_by_role("row", name="All items")).to_contain_text("42 70.0 %")
    page.get_by_role("link", name="Splits").click()
    page.get_by_role("row", name="fruit-1").get_by_role("link", name="New experiment").click()

    entry = page.get_by_role("link", name="Experiments", exact=True)
    expect(entry).to_have_attribute("data-active", "true")
    page.get_by_role("combobox", name="Loss of “class”").click()
    refused = page.get_by_role("option", name="GIoU")
    expect(refused).to_contain_text("needs pairs of boxes")
    expect(refused).to_have_attribute("data-combobox-disabled", "true")
    page.keyboard.press("Escape")
    choose(page, "Loss of “class”", "Mean squared error")
    expect(page.get_by_text("Discouraged here")).to_be_visible()
    page.get_by_role("textbox", name="Epochs").fill("0")
    expect(page.get_by_text("must be >= 1").first).to_be_visible()
    run_experiment(page, loss="Focal loss", epochs=12, repeats=2)

    newest = page.get_by_role("table", name="Newest loss")
    expect(newest).to_contain_text("validation", timeout=TRAINING_MS)
    expect(page.get_by_text("running", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Loss: loss").locator("canvas")).to_be_visible()
    row = newest.get_by_role("row", name="Seed 0")
    expect(row.get_by_role("cell").nth(1)).to_have_text("12", timeout=TRAINING_MS)
    expect(row.get_by_role("cell").nth(4)).to_have_text(re.compile(r"^\d"))  # validation
    expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=TRAINING_MS)
    first = page.url

    page.get_by_role("link", name="New from this").click()
    expect(page.get_by_role("combobox", name="Loss of “class”")).to_have_value("Focal loss")
    run_experiment(page, loss="Cross-entropy", epochs=2, repeats=2)
    expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=TRAINING_MS)
    second = page.url

    page.get_by_role("link", name="Experiments").click()
    for address in (first, second):
        page.get_by_role(
            "checkbox", name=f"Compare {address.rpartition('/')[2]}", exact=True
        ).check()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("row", name="losses.class")).to_contain_text("cross_entropy")
    expect(page.get_by_role("row", name="training.epochs")).to_contain_text("12")
    accuracy = page.get_by_role("row", name="validation/accuracy")
    expect(accuracy.first).to_contain_text(re.compile("within noise|higher|lower"))
    assert page.url.count("experiments=") == 2
    page.reload()
    expect(page.get_by_role("row", name="losses.class")).to_be_visible()

    for width in (400, 900):
        page.set_viewport_size({"width": width, "height": 900})
        # The charts follow the window a moment later.
        page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_grouped_stratified_split_with_folds(
    page: Page, serve: Serve, playground: Playground, fruit: Path
) -> None:
    rows = [
        f"{path.relative_to(fruit)},{path.parent.name},patient {number // 2}"
        for number, path in enumerate(sorted(fruit.glob("*/*.png")))
    ]
    (fruit / "labels.csv").write_text("\n".join(["file,label,patient", *rows]), encoding="utf-8")
    playground.import_dataset(fruit / "labels.csv", name="fruit", task="classification")

    page.goto(f"{serve()}/splits")
    expect(page.get_by_role("radio", name="As the files came")).to_be_disabled()
    create = page.get_by_role("button", name="Create", exact=True)
    page.get_by_role("textbox", name="Train, %").fill("60")
    expect(page.get_by_text("add up to 90 %")).to_be_visible()
    page.get_by_role("textbox", name="Train, %").fill("70")

    condition = page.get_by_role("textbox", name="Only items with")
    expect(condition).to_be_hidden()
    page.get_by_role("button", name="More of the parts").click()
    condition.fill("class=pear")
    create.click()
    # The refusal stands at the field, not in a notice somewhere else.
    expect(page.locator("#more-of-parts_where-error")).to_contain_text("no class named 'pear'")
    expect(condition).to_have_attribute("aria-invalid", "true")
    condition.fill("")

    page.get_by_role("checkbox", name="Stratify").check()
    page.get_by_role("textbox", name="Folds").fill("3")
    page.get_by_role("button", name="More of what is kept together").click()
    choose(page, "Group by columns", "patient")
    create.click()

    expect(page.get_by_role("heading", name="fruit-1-fold-1")).to_be_visible(timeout=TRAINING_MS)
    expect(page.get_by_text("stratified, 3 folds, grouped by patient")).to_be_visible()
    expect(page.get_by_text("The parts share nothing")).to_be_visible()
    expect(page.get_by_role("row", name="Largest distance")).to_contain_text("pp")
    page.get_by_role("link", name="3", exact=True).click()
    expect(page.get_by_role("heading", name="fruit-1-fold-3")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Export as text lists").click()
    assert downloading.value.suggested_filename == "fruit-1-fold-3.zip"

    page.get_by_role("link", name="New from this").click()
    expect(page.get_by_role("textbox", name="Folds")).to_have_value("3")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_attribute(
        "placeholder", "fruit-2"
    )
    plans = [one.plan for one in playground.list_splits()]
    wanted = SplitPlan(stratify=True, folds=3, group_by=("patient",))
    assert plans == 3 * [wanted]


def test_a_split_is_cancelled_and_made_again(
    page: Page, serve: Serve, playground: Playground, fruit: Path, held_fingerprints: Connection
) -> None:
    playground.import_dataset(fruit, name="fruit")
    page.goto(f"{serve()}/splits")
    create = page.get_by_role("button", name="Create", exact=True)
    create.click()
    expect(page.get_by_text("fruit-1 of fruit is being made")).to_be_visible()
    expect(page.get_by_text("0 of 60")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    cut_off = "one => one.scrollWidth > one.clientWidth"
    label = page.get_by_role("button", name="Cancel fruit-1").locator("span").last
    assert not label.evaluate(cut_off)
    page.get_by_role("button", name="Cancel fruit-1").click()
    expect(page.get_by_text("It ends at its next step")).to_be_visible()
    held_fingerprints.rollback()
    expect(page.get_by_role("status")).to_contain_text("'fruit-1' was cancelled")
    expect(page.get_by_text("is being made")).to_have_count(0)
    expect(page.get_by_text("No split yet")).to_be_visible()

    create.click()
    expect(page.get_by_role("heading", name="fruit-1")).to_be_visible()


@pytest.mark.parametrize("name", ["a/b #1? 50 % + grün", "a%2Fb", "v1.2", "[x]&y=$name"])
def test_every_name_can_be_opened(
    page: Page, serve: Serve, playground: Playground, fruit: Path, name: str
) -> None:
    playground.import_dataset(fruit, name=name)
    playground.create_split(name, name=name, plan=SplitPlan(near_duplicates=False))
    specification = Specification(
        name=name, split=name, task="classification", architecture={"name": "timm"}, weights="none"
    )
    playground.create_experiment(specification)
    address = serve()
    for noun in ("splits", "experiments"):
        page.goto(f"{address}/{noun}")
        page.get_by_role("link", name=name, exact=True).click()
        heading = page.get_by_role("heading", name=name, exact=True)
        expect(heading).to_be_visible()
        page.reload()
        expect(heading).to_be_visible()
    page.get_by_role("link", name="New from this").click()
    expect(page.get_by_role("button", name="Run")).to_be_visible()
    page.goto(f"{address}/splits")
    page.get_by_role("row", name=name).get_by_role("link", name=name, exact=True).click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Export as text lists").click()
    assert downloading.value.failure() is None
    page.get_by_role("link", name="New from this").click()
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value(name)


def test_a_refusal_is_in_the_words_of_the_form(page: Page, serve: Serve, fruit: Path) -> None:
    rows = [f"{path},{number % 3},{number % 2}" for number, path in enumerate(fruit.glob("*/*"))]
    (fruit / "labels.csv").write_text("\n".join(["file,left,right", *rows]), encoding="utf-8")
    page.goto(f"{serve()}/datasets")
    form = page.locator("form")
    for field in DatasetImport.model_fields.values():
        expect(form.get_by_label(str(field.title), exact=False).first).to_be_visible()
    form.get_by_role("textbox", name="Path").fill(str(fruit / "labels.csv"))
    form.get_by_role("textbox", name="Name").fill("fruit")
    form.get_by_role("textbox", name="Label columns").fill("left")
    form.get_by_role("button", name="Import").click()
    refusal = form.get_by_role("alert")
    expect(refusal).to_contain_text("“Task” classification")
    expect(refusal).not_to_contain_text("--")


def test_a_format_is_chosen_among_those_that_declare_themselves(
    page: Page, serve: Serve, fruit: Path
) -> None:
    page.goto(f"{serve()}/datasets")
    field = page.get_by_role("combobox", name="Format")
    expect(field).to_have_value("Auto (recognised)")
    field.click()
    offered = page.get_by_role("option")
    expect(offered).to_have_count(len(FORMATS) + 1)
    expect(offered.first).to_contain_text("Auto")
    for one in FORMATS:
        expect(page.get_by_role("option", name=f"{one.title} ({one.name})")).to_have_count(1)
    choose(page, "Format", "Class folders")
    # What it has no use for is not asked.
    expect(page.get_by_role("textbox", name="Tag separator")).to_have_count(0)
    page.get_by_role("textbox", name="Path").fill(str(fruit))
    page.get_by_role("textbox", name="Name").fill("fruit")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Imported 60 items as fruit")
    expect(page.get_by_role("row", name="fruit")).to_contain_text("class_folders")


def test_every_finding_is_shown_and_the_report_is_saved(
    page: Page, serve: Serve, fruit: Path
) -> None:
    for number in range(45):
        (fruit / "plum" / f"broken {number:02}.png").write_bytes(b"no image")
    page.goto(f"{serve()}/datasets")
    page.get_by_role("textbox", name="Path").fill(str(fruit))
    page.get_by_role("textbox", name="Name").fill("fruit")
    page.get_by_role("button", name="Import", exact=True).click()
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("“Check” (beside “Import”, or on the page of the dataset)")
    expect(refusal).not_to_contain_text("playground dataset")
    page.get_by_role("button", name="Check", exact=True).click()
    kind = page.get_by_role("button", name="Image that cannot be read (45)")
    kind.click()
    table = page.get_by_role("table", name="Image that cannot be read")
    expect(table.get_by_role("row")).to_have_count(21)
    expect(page.get_by_text("leave it out with “Leave out items")).to_be_visible()
    page.get_by_role("button", name="Page 3").click()
    expect(table.get_by_role("row").last).to_contain_text("plum/broken 44.png")
    expect(table.get_by_role("row").last).to_contain_text("blocks import")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download as JSON").click()
    saved = json.loads(downloading.value.path().read_text(encoding="utf-8"))
    assert len(saved["findings"]) == 45
    assert saved["counts"][0]["count"] == 45

    page.get_by_role("checkbox", name="Leave out items that cannot be used").check()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("status").get_by_role("link", name="fruit").click()
    expect(page).to_have_title("fruit – Model Playground")
    expect(page.get_by_role("heading", name="fruit", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="cherry")).to_contain_text("20")
    expect(page.get_by_text("fruit, at its import")).to_be_visible()
    (fruit / "plum" / "0.png").unlink()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("fruit, checked now")).to_be_visible()
    page.get_by_role("button", name="Inspect").click()
    expect(page.get_by_text("59 items · classification")).to_be_visible()
    page.get_by_role("link", name="New split").click()
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("fruit")


def test_datasets_are_joined_or_refused_on_the_page(
    page: Page, serve: Serve, playground: Playground, fruit: Path
) -> None:
    playground.import_dataset(fruit, name="fruit")
    rows = [f"cherry/{number}.png,{number}.5" for number in range(20)]
    (fruit / "sizes.csv").write_text("\n".join(["file,size", *rows]), encoding="utf-8")
    playground.import_dataset(fruit / "sizes.csv", name="sizes", task="regression")
    (fruit / "sizes.csv").unlink()
    playground.import_dataset(fruit, name="more fruit")
    page.goto(f"{serve()}/datasets")
    form = page.get_by_role("form", name="Join datasets")
    form.get_by_role("textbox", name="Name of the joined one").fill("both")
    for name in ("fruit", "sizes"):
        form.get_by_role("combobox", name="Datasets").click()
        page.get_by_role("option", name=name, exact=True).click()
    page.keyboard.press("Escape")
    form.get_by_role("button", name="Join").click()
    expect(form.get_by_role("alert")).to_contain_text(
        "fruit and sizes cannot be joined: fruit has the task classification, sizes has"
    )
    form.get_by_role("combobox", name="Datasets").press("Backspace")
    form.get_by_role("combobox", name="Datasets").click()
    page.get_by_role("option", name="more fruit").click()
    page.keyboard.press("Escape")
    form.get_by_role("button", name="Join").click()
    expect(form.get_by_role("status")).to_contain_text("Joined as both: 120 items, 3 classes")
    expect(page.get_by_role("row", name="both")).to_contain_text("cherry (40)")


def test_advice_for_the_data_is_in_the_form_and_can_be_taken(
    page: Page, serve: Serve, playground: Playground, fruit: Path
) -> None:
    for cherry in sorted((fruit / "cherry").iterdir())[2:]:
        cherry.unlink()
    playground.import_dataset(fruit, name="fruit")
    plan = SplitPlan(train=50, validation=25, test=25)
    playground.create_split("fruit", name="fruit-1", plan=plan)

    held: list[Route] = []
    page.route("**/losses/advice*", lambda route: held.append(route))
    with page.expect_request("**/losses/advice*"):
        page.goto(f"{serve()}/new?split=fruit-1")
    page.get_by_role("combobox", name="Loss of “class”").click()
    advice = page.get_by_role("region", name="Advice for “class”")
    expect(advice).to_have_count(0)
    for route in held:
        route.continue_()
    verdict = "cross_entropy, the default, suffers from imbalance"
    expect(advice).to_contain_text(verdict, timeout=TRAINING_MS)
    # What arrives above an open list does not push it out of sight.
    expect(page.get_by_role("option", name="Focal loss").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(advice).to_contain_text("lemon has 20 images, cherry 2: 10 times as many")
    expect(advice).to_contain_text("No evidence is stored")
    advice.get_by_role("button", name="All that was measured").click()
    expect(advice).to_contain_text("Many classes (not found): 3 classes")
    advice.get_by_role("button", name="Cross-entropy, classes weighed").click()
    expect(page.get_by_role("combobox", name="Loss of “class”")).to_have_value("Cross-entropy")
    computed = page.locator("input[value='Computed from the train part']")
    expect(computed.first).to_be_visible()
    expect(page.locator("input[value=balanced]").first).to_be_visible()
    advice.get_by_role("button", name="Focal loss").click()
    expect(page.get_by_role("combobox", name="Loss of “class”")).to_have_value("Focal loss")


def test_an_open_list_stays_when_the_page_scrolls_while_something_arrives_above_it(
    page: Page, serve: Serve, playground: Playground, fruit: Path
) -> None:
    playground.import_dataset(fruit, name="fruit")
    playground.create_split("fruit", name="fruit-1")
    page.goto(f"{serve()}/new?split=fruit-1")
    expect(page.get_by_role("region", name="Advice for “class”")).to_be_visible(timeout=TRAINING_MS)
    page.get_by_role("combobox", name="Loss of “class”").click()
    option = page.get_by_role("option", name="Focal loss").first
    expect(option).to_be_visible()
    field = page.get_by_role("combobox", name="Loss of “class”")
    before = field.bounding_box()
    page.evaluate(ARRIVES_DURING_A_SCROLL)
    page.wait_for_timeout(300)
    after = field.bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] == pytest.approx(before["y"] - SCROLLED, abs=1)
    expect(option).to_be_visible()


def test_a_plug_in_is_in_the_form_with_its_parameter(
    page: Page, serve: Serve, playground: Playground, fruit: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "doubt.py"
    plugin.write_text(PLUGIN, encoding="utf-8")
    playground.import_dataset(fruit, name="fruit")
    playground.create_split("fruit", name="fruit-1")

    page.goto(f"{serve('--plugin', str(plugin))}/new?split=fruit-1")
    choose(page, "Loss of “class”", "Doubt")
    expect(page.get_by_text("In lessons.")).to_be_visible()
    field = page.get_by_role("textbox", name="Stubbornness")
    expect(field).to_have_value("0.25")
    expect(page.get_by_text("how little it learns")).to_be_visible()
    field.fill("0.5")
    run_experiment(page, loss="Doubt", epochs=1, repeats=1)
    expect(page.get_by_text("doubt", exact=False).first).to_be_visible()
    expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=TRAINING_MS)
