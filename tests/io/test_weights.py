"""Aims at a snapshot that mixes moments of learning, loses precision, or hides that a fixed one changed."""

from __future__ import annotations

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.errors import DescriptionError, RecordError
from bio_fa.io.weights import SnapshotInfo, SynapseInfo, WeightsReader, WeightsWriter
from tests.io.recording import SYNAPSES, parameters, record_weights

PLASTIC, FIXED = (info.name for info in SYNAPSES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


@pytest.fixture
def held():
    return parameters(np.random.default_rng(1))


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    dtype=st.sampled_from([np.float32, np.float64]),
    names=st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True), min_size=1, max_size=4, unique=True),
)
def test_masks_and_snapshots_come_back_in_order_with_their_precision(tmp_path_factory, seed, dtype, names):
    path, rng = tmp_path_factory.mktemp("round") / "weights.h5", np.random.default_rng(seed)
    first = parameters(rng, dtype)
    taken = []
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(first)
        for step, name in enumerate(names):
            taken.append({**parameters(rng, dtype), FIXED: first[FIXED]})
            writer.snapshot(name, step, step / 2, taken[-1])
    with WeightsReader(path) as reader:
        assert reader.synapses == list(SYNAPSES)
        assert reader.snapshots == [SnapshotInfo(name, step, step / 2) for step, name in enumerate(names)]
        for name, expected in zip(names, taken, strict=True):
            for projection in (PLASTIC, FIXED):
                found = reader.weights(name, projection)
                assert found.dtype == dtype
                np.testing.assert_array_equal(found, expected[projection].w)
        for projection, each in first.items():
            assert reader.mask(projection).dtype == bool
            np.testing.assert_array_equal(reader.mask(projection), each.mask)


def test_a_fixed_projection_is_stored_once_and_linked_from_every_snapshot(path, held):
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(held)
        for name in ("initial", "epoch-0005", "final"):
            writer.snapshot(name, 0, 0.0, held)
    with h5py.File(path) as file:
        first = file["snapshots/initial"]
        for name in ("epoch-0005", "final"):
            assert file[f"snapshots/{name}/{FIXED}"] == first[FIXED], "a hard link"
            assert file[f"snapshots/{name}/{PLASTIC}"] != first[PLASTIC], "its own values"


def test_masks_are_bytes_and_say_whose_they_are(path):
    record_weights(path)
    with h5py.File(path) as file:
        group = file[f"projections/{FIXED}"]
        assert group["mask"].dtype == np.uint8
        assert set(np.unique(group["mask"])) <= {0, 1}
        assert {key: group.attrs[key] for key in ("pre", "post", "sign", "compartment", "plastic", "density")} == {
            "pre": b"FE1",
            "post": b"E1",
            "sign": 0,
            "compartment": b"apical",
            "plastic": 0,
            "density": 0.25,
        }


def test_a_fixed_projection_that_changed_is_refused_and_the_snapshots_before_it_stay(path, held):
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(held)
        writer.snapshot("initial", 0, 0.0, held)
        changed = {**held, FIXED: SimpleNamespace(w=held[FIXED].w + 1e-7, mask=held[FIXED].mask)}
        with pytest.raises(RecordError, match=f"{FIXED!r} is fixed, yet its weights have changed"):
            writer.snapshot("final", 9, 1.0, changed)
        writer.snapshot("final", 9, 1.0, held)
    with WeightsReader(path) as reader:
        assert [each.name for each in reader.snapshots] == ["initial", "final"]


def test_a_snapshot_that_is_interrupted_counts_as_never_begun(path, held, monkeypatch):
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(held)
        writer.snapshot("initial", 0, 0.0, held)
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(h5py.Group, "__setitem__", interrupt)
            writer.snapshot("final", 1, 1.0, held)
        writer.snapshot("final", 2, 2.0, held)
    with WeightsReader(path) as reader:
        assert reader.snapshots[1:] == [SnapshotInfo("final", 2, 2.0)]


def interrupt(*_):
    raise KeyboardInterrupt


def test_weights_that_are_not_finite_are_kept_for_the_reader_to_see(path, held):
    held[FIXED].w[0, 0] = held[PLASTIC].w[0, 0] = np.nan
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(held)
        writer.snapshot("initial", 0, 0.0, held)
        writer.snapshot("final", 0, 0.0, held)
    with WeightsReader(path) as reader:
        assert np.isnan(reader.weights("final", PLASTIC)[0, 0])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda held: held.pop(FIXED), "give exactly"),
        (lambda held: held.update(other=held[FIXED]), "give exactly"),
        (lambda held: setattr(held[PLASTIC], "w", held[PLASTIC].w.astype(np.float16)), "give float32 or float64"),
        (lambda held: setattr(held[PLASTIC], "w", held[PLASTIC].w.T), r"mask's shape \(2, 4\)"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(path, held, change, reason):
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(held)
        change(held)
        with pytest.raises(RecordError, match=reason):
            writer.snapshot("initial", 0, 0.0, held)


def test_masks_come_once_and_before_the_first_snapshot(path, held):
    with WeightsWriter(path, SYNAPSES) as writer:
        with pytest.raises(RecordError, match="write them before"):
            writer.snapshot("initial", 0, 0.0, held)
        writer.masks(held)
        with pytest.raises(RecordError, match="write them once"):
            writer.masks(held)


@pytest.mark.parametrize(
    ("name", "reason"), [("initial", "its own name"), ("../x", "not allowed"), ("", "not allowed")]
)
def test_a_snapshot_name_that_clashes_or_is_no_name_is_refused(path, held, name, reason):
    with WeightsWriter(path, SYNAPSES) as writer:
        writer.masks(held)
        writer.snapshot("initial", 0, 0.0, held)
        with pytest.raises(RecordError, match=reason):
            writer.snapshot(name, 1, 1.0, held)


def test_a_misspelt_snapshot_or_projection_is_answered_with_the_nearest(path):
    record_weights(path)
    with WeightsReader(path) as reader:
        with pytest.raises(RecordError, match="did you mean 'initial'"):
            reader.weights("inital", PLASTIC)
        with pytest.raises(RecordError, match=f"did you mean '{PLASTIC}'"):
            reader.weights("initial", "input_E1")
        with pytest.raises(RecordError, match="no projection"):
            reader.mask("zzz")


@pytest.mark.parametrize(("field", "value"), [("sign", 0), ("sign", 2), ("density", 1.5), ("density", -0.1)])
def test_a_sign_or_density_that_cannot_be_is_refused(field, value):
    table = {**SYNAPSES[0].to_table(), field: value}
    with pytest.raises(DescriptionError, match=field):
        SynapseInfo.from_table(table)


def test_weights_of_another_shape_than_their_mask_are_refused(path):
    record_weights(path)
    with h5py.File(path, "r+") as file:
        snapshot = next(iter(file["snapshots"]))
        post, pre = file[f"snapshots/{snapshot}/{PLASTIC}"].shape
        del file[f"snapshots/{snapshot}/{PLASTIC}"]
        file[f"snapshots/{snapshot}/{PLASTIC}"] = np.zeros((post, pre + 1), np.float32)
    with WeightsReader(path) as reader, pytest.raises(RecordError, match=rf"has the shape \({post}, {pre + 1}\), but its mask"):
        reader.weights(snapshot, PLASTIC)
