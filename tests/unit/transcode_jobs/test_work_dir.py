from pathlib import Path

import pytest

from transcode_service.adapters.work_dir import own_work_dir


def left_by_a_dead_worker(root: Path) -> Path:
    path = root / "worker-1-dead"
    (path / "480p").mkdir(parents=True)
    (path / "480p" / "seg_00000.m4s").write_bytes(b"x")
    return path


def test_a_worker_gets_a_directory_and_takes_it_away(tmp_path: Path) -> None:
    with own_work_dir(tmp_path / "not" / "yet") as path:
        (path / "segment").write_bytes(b"x")
        assert path.is_dir()

    assert not path.exists()


def test_what_a_dead_worker_left_is_removed(tmp_path: Path) -> None:
    left = left_by_a_dead_worker(tmp_path)

    with own_work_dir(tmp_path) as path:
        assert not left.exists()
        assert path.is_dir()


def test_a_living_workers_directory_is_left_alone(tmp_path: Path) -> None:
    with own_work_dir(tmp_path) as first, own_work_dir(tmp_path) as second:
        assert first != second
        assert first.is_dir()
        assert second.is_dir()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()

    with own_work_dir(tmp_path):
        assert (tmp_path / "notes").is_dir()


def test_an_error_in_the_block_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), own_work_dir(tmp_path):
        raise ValueError("inside")

    assert list(tmp_path.glob("worker-*")) == []
