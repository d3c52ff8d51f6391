"""Advice on losses: derived from what they declare, from the records, and from experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from model_playground.core.contracts import Circumstance, Facts, LossDeclaration, State
from model_playground.core.loss_records import LossAdvice, SlotAdvice
from model_playground.core.records import DatasetRecord, ExperimentRecord, RunRecord
from model_playground.datasets.records import Revision
from model_playground.insights.advice import Data, advise
from model_playground.losses import catalogue
from model_playground.tasks.task import TASKS, get_task
from tests.insights.revisions import classified, masked, valued

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACCURACY = "validation/accuracy"
LOSSES = catalogue.load()

BALANCED = {"cat": 200, "dog": 200, "eel": 200}
UNBALANCED = {"cat": 400, "dog": 200, "lynx": 20}


def data_of(revision: Revision) -> Data:
    record = DatasetRecord(
        name="animals",
        task=revision.task,
        revision="0" * 64,
        revision_number=3,
        root="/photos",
        format=revision.format,
        items=revision.items.num_rows,
        classes=tuple(one.name for one in revision.classes),
        class_counts=revision.class_counts(),
        target_names=revision.target_names,
        columns=(),
        created=NOON,
    )
    return Data(record, revision)


def advice_on(
    revision: Revision,
    *,
    losses: Mapping[str, LossDeclaration] = LOSSES,
    experiments: Sequence[ExperimentRecord] = (),
) -> LossAdvice:
    return advise(get_task(revision.task), losses, experiments, data=data_of(revision))


def only_slot(advice: LossAdvice) -> SlotAdvice:
    (slot,) = advice.slots
    return slot


def named(slot: SlotAdvice) -> list[str]:
    return [one.loss for one in slot.losses]


def with_loss(name: str, like: str, **changes: Any) -> dict[str, LossDeclaration]:
    """Add a loss to the catalogue, as a file with one more loss would."""
    return {**LOSSES, name: LOSSES[like].model_copy(update={"name": name, **changes})}


def test_where_nothing_stands_out_the_default_is_advised_with_that_reason() -> None:
    for revision, default in (
        (classified(BALANCED), "cross_entropy"),
        (valued([float(number % 50 + 100) for number in range(400)]), "mse"),
    ):
        slot = only_slot(advice_on(revision))
        assert named(slot) == []
        assert slot.verdict == (
            f"Start with {default}, the default: nothing that was measured speaks for another loss."
        )


def test_imbalance_speaks_for_losses_that_declare_it_and_for_class_weights() -> None:
    advice = advice_on(classified(UNBALANCED))
    slot = only_slot(advice)
    assert slot.verdict == (
        "cross_entropy, the default, suffers from imbalance, as found here. Try those below "
        "beside it, on the same split."
    )
    assert named(slot) == ["cross_entropy(weight=balanced)", "focal"]
    weighted, focal = slot.losses
    assert "how rare it is in the train part" in weighted.reason
    assert (focal.reason, focal.suits) == ("made for imbalance", ("imbalance",))
    assert focal.prefer == " ".join(LOSSES["focal"].prefer.split())
    assert "no promise" in advice.remark
    assert advice.remark.startswith("No evidence is stored: no two finished experiments on animals")


def test_what_a_loss_suffers_from_puts_it_last_with_a_word() -> None:
    contents = [f"image{number}" for number in range(620)]
    contents[400:410] = contents[:10]  # ten dogs are the same pictures as ten cats
    slot = only_slot(advice_on(classified(UNBALANCED, contents=contents)))
    assert "suffers from imbalance and wrong labels" in slot.verdict
    assert named(slot) == [
        "symmetric_cross_entropy",
        "generalised_cross_entropy",
        "cross_entropy(weight=balanced)",
        "focal",
    ]
    assert slot.losses[2].reason.endswith(", but suffers from wrong labels")
    assert slot.losses[3].reason == "made for imbalance, but suffers from wrong labels"


def test_a_default_that_was_made_for_the_data_is_kept() -> None:
    revision = masked([{"road": 990, "pole": 10, "sky": 0}] * 400, ["road", "pole", "sky"])
    slot = only_slot(advice_on(revision))
    assert slot.verdict == (
        "Start with cross_entropy_iou_2d, the default: it was made for imbalance, as found here."
    )
    assert {"dice", "soft_iou", "focal"} <= set(named(slot))


def test_outliers_speak_for_the_robust_losses() -> None:
    slot = only_slot(advice_on(valued([float(n % 50 + 100) for n in range(400)] + [9e4] * 4)))
    assert set(named(slot)) == {
        name
        for name, loss in LOSSES.items()
        if Circumstance.OUTLIERS in loss.suits and loss.family == "regression"
    }
    assert "mse, the default, suffers from outliers" in slot.verdict


def test_a_circumstance_that_no_valid_loss_was_made_for_is_said_to_be_one() -> None:
    powers = [10 ** (number / 100) for number in range(401)]  # msle reads no standardised values
    losses = {
        name: loss for name, loss in LOSSES.items() if Circumstance.OUTLIERS not in loss.suits
    }
    slot = only_slot(advice_on(valued(powers), losses=losses))
    assert named(slot) == []
    assert slot.verdict.endswith("No other loss that can be chosen here was made for that.")


def test_few_images_are_a_warning_about_comparisons() -> None:
    slot = only_slot(advice_on(classified({"cat": 20, "dog": 20})))
    assert slot.verdict.endswith("several seeds before you believe a difference.")


def test_a_new_loss_appears_by_what_it_declares() -> None:
    losses = with_loss("novelty", "focal", suits=(Circumstance.IMBALANCE,), suffers=())
    assert "novelty" in named(only_slot(advice_on(classified(UNBALANCED), losses=losses)))
    assert "novelty" not in named(only_slot(advice_on(classified(BALANCED), losses=losses)))
    reason = {"made for imbalance"}
    task = advise(get_task("segmentation"), losses, [])
    assert {one.reason for one in only_slot(task).losses if one.loss == "novelty"} == reason


@pytest.mark.parametrize("like", ["mse", "giou_box", "binary_focal", "dice"])
def test_a_loss_that_is_discouraged_or_refused_is_never_advised(like: str) -> None:
    everything = tuple(Circumstance)
    losses = with_loss("novelty", like, suits=everything, suffers=())
    verdict = get_task("classification").loss_validity(
        losses["novelty"],
        get_task("classification").slots(Facts(classes=("cat", "dog", "lynx")))[0],
        losses,
    )
    assert verdict.state is not State.VALID
    assert "novelty" not in named(only_slot(advice_on(classified(UNBALANCED), losses=losses)))


@pytest.mark.parametrize("task", TASKS.names)
def test_without_a_dataset_every_valid_loss_that_was_made_for_something_is_told(task: str) -> None:
    advice = advise(get_task(task), LOSSES, [])
    assert (advice.dataset, advice.images, advice.evidence) == (None, None, ())
    assert "No evidence is stored" in advice.remark
    three = Facts(classes=("a", "b", "c"), target_names=("value",))
    for slot in advice.slots:
        assert slot.measured == ()
        laid_out = get_task(task).slot(slot.slot, three)
        valid = {
            name
            for name, loss in LOSSES.items()
            if get_task(task).loss_validity(loss, laid_out, LOSSES).state is State.VALID
        }
        always = {one.loss for one in slot.losses if not one.condition and "(" not in one.loss}
        assert always == {
            name for name in valid if LOSSES[name].suits and name != slot.default.loss
        }
        for one in slot.losses:
            if one.condition:
                assert one.condition == "two classes"
        assert slot.verdict.startswith(f"Start with {slot.default.loss}, the default")


# Evidence


def run_of(seed: int, accuracy: float | None, state: str) -> RunRecord:
    return RunRecord.model_validate(
        {
            "id": f"run-{seed}",
            "seed": seed,
            "state": state,
            "epochs_done": 5,
            "best_epoch": 5,
            "monitor": "validation/loss",
            "figures": {ACCURACY: accuracy, "validation/loss": 0.5},
            "message": "",
            "started": NOON,
            "finished": NOON,
        }
    )


def experiment_of(
    name: str,
    loss: str,
    values: Sequence[float],
    *,
    dataset: str = "animals",
    split: str = "animals-1",
    state: str = "finished",
    epochs: int = 5,
    task: str = "classification",
) -> ExperimentRecord:
    return ExperimentRecord.model_validate(
        {
            "name": name,
            "dataset": dataset,
            "split": split,
            "task": task,
            "architecture": "timm",
            "backbone": "resnet18",
            "losses": {"class": loss},
            "state": state,
            "runs": [run_of(seed, value, state) for seed, value in enumerate(values)],
            "test_openings": 0,
            "specification": {
                "name": name,
                "split": split,
                "task": task,
                "losses": {"class": [{"loss": loss, "weight": 1.0, "parameters": {}}]},
                "plugins": [],
                "training": {"epochs": epochs, "repeats": len(values), "seed": 0},
            },
            "created": NOON,
        }
    )


DEFAULT = experiment_of("plain", "cross_entropy", [0.70, 0.71, 0.72])


def evidence_of(*experiments: ExperimentRecord) -> LossAdvice:
    return advice_on(classified(UNBALANCED), experiments=experiments)


def test_experiments_that_differ_in_their_losses_alone_are_evidence() -> None:
    better = experiment_of("other", "focal", [0.90, 0.91, 0.92, 0.93])
    advice = evidence_of(better, DEFAULT)  # the default is what others are compared with
    (one,) = advice.evidence
    assert (one.experiments, one.losses) == (("plain", "other"), ("cross_entropy", "focal"))
    assert (one.runs, one.series, one.verdict) == ((3, 4), ACCURACY, "higher")
    assert one.difference == pytest.approx(0.915 - 0.71)
    assert one.interval is not None
    assert one.interval[0] > 0
    assert one.finding.startswith(
        "Accuracy on validation is better with focal: 0.915, against 0.71 with cross_entropy"
    )
    assert advice.remark.startswith("The evidence is of these splits and settings alone")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.69, 0.71, 0.73], "within noise"),
        ([0.9], "one seed each cannot tell that from chance"),
    ],
)
def test_what_may_be_chance_is_called_that(values: list[float], said: str) -> None:
    (one,) = evidence_of(DEFAULT, experiment_of("other", "focal", values)).evidence
    assert said in one.finding


@pytest.mark.parametrize(
    "changes",
    [
        {"split": "animals-2"},
        {"epochs": 6},
        {"state": "failed"},
        {"dataset": "plants"},
        {"task": "regression"},
    ],
)
def test_what_differs_in_more_or_did_not_end_is_no_evidence(changes: dict[str, Any]) -> None:
    advice = evidence_of(DEFAULT, experiment_of("other", "focal", [0.9, 0.91], **changes))
    assert advice.evidence == ()
    assert "No evidence is stored" in advice.remark


def test_the_same_loss_twice_is_no_evidence() -> None:
    assert evidence_of(DEFAULT, experiment_of("again", "cross_entropy", [0.9])).evidence == ()


def test_each_loss_is_compared_with_the_default_or_with_the_first() -> None:
    others = [experiment_of(name, name, [0.8, 0.81]) for name in ("focal", "poly_1")]
    pairs = [one.losses for one in evidence_of(*others, DEFAULT).evidence]
    assert pairs == [("cross_entropy", "focal"), ("cross_entropy", "poly_1")]
    assert [one.losses for one in evidence_of(*others).evidence] == [("focal", "poly_1")]


def test_without_a_dataset_the_evidence_is_of_all_of_the_task() -> None:
    pair = [
        experiment_of("a", "cross_entropy", [0.7, 0.8], dataset="plants", split="plants-1"),
        experiment_of("b", "focal", [0.7, 0.9], dataset="plants", split="plants-1"),
    ]
    told = advise(get_task("classification"), LOSSES, pair)
    assert [one.split for one in told.evidence] == ["plants-1"]
    assert advise(get_task("segmentation"), LOSSES, pair).evidence == ()
