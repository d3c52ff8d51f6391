"""What long work says of itself where there is no terminal."""

from __future__ import annotations

from model_playground.cli.progress import _plain_stages


def told(*calls: tuple[float, str, int, int]) -> list[str]:
    """Return the lines for calls of which each has a time in seconds."""
    lines: list[str] = []
    times = iter([0.0, *(at_s for at_s, *_ in calls)])
    advance = _plain_stages(lines.append, clock=lambda: next(times))
    for _, stage, done, total in calls:
        advance(stage, done, total)
    return lines


def test_a_line_says_how_much_is_done_how_fast_and_how_long_it_will_take() -> None:
    # 300 of 1,000 in 12 s are 25 a second; the 700 left take 28 s.
    assert told((0, "Reading images", 0, 1000), (12, "Reading images", 300, 1000)) == [
        "Reading images: 300 of 1,000, 25/s, 28 s left"
    ]


def test_what_is_over_soon_says_nothing_and_lines_are_ten_seconds_apart() -> None:
    calls = [(float(at_s), "Reading images", at_s, 100) for at_s in range(31)]
    assert len(told(*calls)) == 3
    assert not told((0, "Reading images", 0, 5), (9.9, "Reading images", 5, 5))


def test_work_of_unknown_length_is_told_without_a_total() -> None:
    assert told((0, "Reading labels", 0, 0), (11, "Reading labels", 0, 0)) == ["Reading labels"]
    assert told((0, "Reading labels", 0, 0), (11, "Reading labels", 2200, 0)) == [
        "Reading labels: 2,200, 200/s"
    ]


def test_what_was_done_before_the_stage_began_is_no_speed_of_it() -> None:
    assert told((0, "Copying", 500, 1000), (20, "Copying", 600, 1000)) == [
        "Copying: 600 of 1,000, 5/s, 1 min 20 s left"
    ]
