"""Several measurements, one file."""

from pathlib import Path

import msgspec

from reel_testing.bench.figures import Figure, at_least, at_most, fact, replace_own


def written(path: Path) -> dict[str, Figure]:
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Figure])


def test_a_first_measurement_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "var" / "bench.json"

    replace_own(path, {"load_polls": fact(10, "requests/s")}, is_own=lambda _: True)

    assert msgspec.json.decode(path.read_bytes()) == {
        "load_polls": {"value": 10, "unit": "requests/s", "target": "", "holds": True}
    }


def test_own_figures_give_way_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    others = {"job_wall": fact(3, "s")}
    old = {"load_polls": fact(10, "requests/s"), "load_gone": fact(1, "s")}
    replace_own(path, {**others, **old}, is_own=lambda _: True)
    new = {"load_polls": fact(20, "requests/s"), "load_errors": at_most(0, 0, "answers")}

    replace_own(path, new, is_own=lambda name: name.startswith("load_"))

    assert written(path) == {**others, **new}


def test_a_target_tells_whether_it_holds() -> None:
    assert at_least(4.9, 5, "ratio") == Figure(value=4.9, unit="ratio", target=">= 5", holds=False)
    assert at_most(0, 0, "answers").holds
    assert not at_most(1, 0, "answers").holds
