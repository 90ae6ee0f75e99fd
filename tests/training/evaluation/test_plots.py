import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsorter.training.evaluation.plots import Frame, Scale, apart


@given(
    wanted=st.lists(st.floats(0, 300), min_size=1, max_size=12), least=st.sampled_from([8.0, 16.0])
)
@settings(max_examples=150, deadline=None)
def test_labels_keep_their_order_and_their_distance(wanted: list[float], least: float) -> None:
    placed = apart(wanted, least)

    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    gaps = [placed[b] - placed[a] for a, b in itertools.pairwise(order)]
    assert all(gap >= least - 1e-6 for gap in gaps)


def test_labels_that_are_far_apart_stay_where_they_want_to_be() -> None:
    assert apart([200.0, 10.0, 100.0], 16) == [200.0, 10.0, 100.0]


def test_what_lies_outside_the_axes_is_drawn_at_their_ends() -> None:
    scale = Scale(0.8, 1.0, 0, 100)

    assert [scale(0.5), scale(0.9), scale(2.0)] == pytest.approx([0, 50, 100])


def test_words_in_a_drawing_are_escaped() -> None:
    frame = Frame("a < b & c", (0, 1), (0, 1))
    frame.text(1, 1, "<script>", "label")

    assert "a &lt; b &amp; c" in frame.svg()
    assert "<script>" not in frame.svg()
