"""Events against plain Python, which looks at a whole series at once."""
import clile
import numpy as np
import pytest
from test_tracker import built, film, picture

CLOSE = 1e-6


def oracle(time, p, enter=0.5, leave=0.4, length=0.1, gap=0.2):
    """(onset, apex, last, offset) of each event: maximal runs above `leave` that reach above `enter`, joined over short breaks, without short ones."""
    n, enter, leave = len(time), np.float32(enter), np.float32(leave)
    after = [*time[1:], 2 * time[-1] - time[-2] if n > 1 else time[-1]] if n else []
    runs, i = [], 0
    while i < n:
        j = i
        while j < n and p[j] > leave:
            j += 1
        if j > i and max(p[i:j]) > enter:
            runs.append((i, j - 1))
        i = max(j, i + 1)
    joined = []
    for first, last in runs:
        if joined and time[first] - after[joined[-1][1]] <= gap + CLOSE:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    found = [(first, first + int(np.nanargmax(p[first:last + 1])), last, after[last]) for first, last in joined]
    return [event for event in found if event[3] - time[event[0]] + CLOSE >= length]


def series(rng, n):
    """A slow random walk with jumps, holes, and levels that are often equal."""
    p = 1 / (1 + np.exp(-np.cumsum(rng.normal(0, rng.choice([0.2, 1.0, 3.0]), n)) * 0.5))
    p = np.round(p, rng.integers(1, 4)).astype(np.float32)
    p[rng.random(n) < rng.choice([0, 0.1])] = np.nan
    time = np.cumsum(rng.choice([0.04, 0.04, 0.04, 0.0, 0.5], n)) if rng.random() < 0.3 else np.arange(n) / rng.choice([5, 25, 29.97])
    return time, p


def test_random_series_against_plain_python():
    rng, seen = np.random.default_rng(1), 0
    for _ in range(400):
        time, p = series(rng, int(rng.integers(0, 200)))
        enter = float(rng.choice([0.3, 0.5, 0.7]))
        rule = {"enter": enter, "leave": float(rng.choice([0.1, 0.3])), "length": float(rng.choice([0, 0.1, 0.5])), "gap": float(rng.choice([0, 0.04, 0.2, 1]))}
        expected = oracle(time.tolist(), p, **rule)
        found = clile.find_events(time, p, **{f"event_{name}": value for name, value in rule.items()})
        assert found.tolist() == [list(event[:3]) for event in expected], rule
        seen += len(found)
    assert seen > 500


def test_persons_and_aus_are_series_of_their_own():
    rng = np.random.default_rng(2)
    n, persons = 300, [3, 4, 9]
    time = np.arange(n) / 25
    p = {person: np.stack([series(rng, n)[1] for _ in (1, 12)], 1) for person in persons}
    here = {person: rng.random(n) < 0.95 for person in persons}
    found, watch = [], clile.Events([1, 12])
    for k in range(n):
        who = [person for person in rng.permutation(persons) if here[person][k]]
        found += watch.add(1000 + k, time[k], who, [p[person][k] for person in who])
    found += watch.end()
    assert watch.end() == []
    for person in persons:
        for c, au in enumerate((1, 12)):
            seen = np.where(here[person], p[person][:, c], np.nan)
            expected = oracle(time.tolist(), seen)
            mine = [event for event in found if (event.person, event.au) == (person, au)]
            assert [(e.onset_frame - 1000, e.apex_frame - 1000, e.last_frame - 1000) for e in mine] == [e[:3] for e in expected]
            for event, (first, apex, last, offset) in zip(mine, expected):
                above = [value for value in seen[first:last + 1] if value > np.float32(0.4)]  # the runs too short to count are not among them
                assert (event.onset, event.apex, event.peak) == (time[first], time[apex], seen[apex])
                assert event.offset == pytest.approx(offset) and event.duration == event.offset - event.onset
                assert event.frames <= len(above) and min(above) - 1e-6 <= event.mean <= event.peak
    assert len(found) > 10


def test_bad_arguments():
    watch = clile.Events([1, 12])
    for arguments, error, text in (((0, 0.0, [1], [[0.5]]), ValueError, "shape"), ((0, 0.0, [1, 1], [[0.5, 0.5]] * 2), clile.InvalidArgument, "given twice"),
                                   ((0, np.nan, [], []), clile.InvalidArgument, "time is nan"), ((0, 0.0, [1], [[0.5, 2]]), clile.InvalidArgument, "0 to 1")):
        with pytest.raises(error, match=text):
            watch.add(*arguments)
    with pytest.raises(clile.InvalidArgument, match="event_leave is 0.9"):
        clile.Events([1], event_leave=0.9)
    with pytest.raises(clile.InvalidArgument, match="event_gap"):
        clile.find_events([0], [0.5], event_gap=-1)
    assert clile.find_events([], []).shape == (0, 3)


@built
def test_events_of_a_film(trained, tmp_path):
    path = film(tmp_path / "film.y4m", [picture(10 + 2 * (k % 20) if k < 40 else None) for k in range(60)])
    settings = {"finder": "square", "points_model": "none", "threads": 1}
    frames = list(trained.video(path, **settings))
    rule = {"event_enter": 0.2, "event_leave": 0.1}
    found = list(clile.events(trained.video(path, **settings), **rule))
    p = np.array([frame.faces[0].probability if frame.faces else [np.nan] * 2 for frame in frames])
    expected = [(au, *event[:3]) for c, au in enumerate(trained.au_ids) for event in oracle([frame.time for frame in frames], p[:, c], 0.2, 0.1)]
    assert sorted((e.au, e.onset_frame, e.apex_frame, e.last_frame) for e in found) == sorted(expected)
    assert list(clile.events([])) == []
