"""Failure aimed at: segments that are lost, kept though nothing lists them, or taken for others."""

from __future__ import annotations

from bio_fa.io.digest import sha256
from bio_fa.io.segments import KINDS, Segments, kind_of


def test_every_variable_of_test_and_learning_trials_has_a_file_of_its_own():
    names = [kind_of("activity"), kind_of("error"), kind_of("activity", "learning")]
    assert names == ["activity", "report_error", "learning_activity"]
    assert {"activity", "report_potential", "report_error", "learning_activity", "weights"} <= set(KINDS)


def test_segments_are_listed_by_kind_and_in_order(tmp_path):
    segments = Segments(tmp_path / "segments")
    assert segments.all() == []
    for name in ("activity-000010", "activity-000002", "report_potential-000002", "weights-000001", "strange-000001", "activity"):
        (segments.place("weights", 9).parent / f"{name}.h5").write_text("")
    assert [each.stem for each in segments.of("activity")] == ["activity-000002", "activity-000010"]
    assert [each.stem for each in segments.of("report_potential")] == ["report_potential-000002"]
    assert len(segments.all()) == 4


def test_what_is_not_listed_is_set_aside_and_what_is_half_written_removed(tmp_path):
    segments = Segments(tmp_path)
    kept, strange, half = (segments.path / name for name in ("weights-000001.h5", "weights-000002.h5", ".activity-000003.h5.part"))
    for path in (kept, strange, half, tmp_path / "notes.md"):
        path.write_text(path.name)
    segments.verify({kept.name: sha256(kept)})
    segments.keep({kept.name: sha256(kept)})
    assert segments.all() == [kept]
    assert (tmp_path / "aside" / strange.name).read_text() == strange.name
    assert not half.exists()
    segments.clear()
    assert [each.name for each in tmp_path.iterdir()] == ["notes.md"]
