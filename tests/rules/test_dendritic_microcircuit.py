"""Aims at dendrites that see an error where there is none, or none where there is one."""

import numpy as np

from bio_fa import Settle
from bio_fa.rules.dendritic_microcircuit import DendriticMicrocircuit
from bio_fa.rules.network import Network
from bio_fa.updates import Scale
from tests.rules.limits import generic, replaced
from tests.rules.trained import SMALL, learner

EXACT = Settle(tolerance=1e-14, step=0.7, max_steps=2000)
RETURNS = (("output", "H2"), ("H2", "H1"))


def self_predicting(rule: DendriticMicrocircuit, network: Network = SMALL):
    """Return generic parameters in which interneurons are driven as the area above is, and cancel what it sends."""
    drawn = generic(rule.circuit(network).sample(1))
    drives = {f"tonic_to_{below}_inter": drawn[f"tonic_to_{above}"].w for above, below in RETURNS}
    return replaced(drawn, **drives)


def apical(one, parameters, layer: str, above: str, phase: str) -> np.ndarray:
    """Return a = B r + M i of a hidden population."""
    r, i = (one.simulation.activity(one.state, each, phase) for each in (above, f"{layer}_inter"))
    return r @ parameters[f"{above}_to_{layer}"].w.T + i @ parameters[f"{layer}_inter_to_{layer}"].w.T


def test_in_the_self_predicting_state_dendrites_are_silent_until_the_output_is_nudged():
    """Sacramento et al. (2018): lateral inhibition cancels what comes from above, at the fixed point of the whole circuit."""
    rule = DendriticMicrocircuit(settle=EXACT)
    parameters = self_predicting(rule)
    one = learner(rule, parameters=parameters)
    one.run()
    for above, layer in RETURNS:
        np.testing.assert_allclose(apical(one, parameters, layer, above, "free"), 0, rtol=0, atol=1e-13)
        assert np.abs(apical(one, parameters, layer, above, "nudged")).max() > 1e-3


def test_the_activity_is_then_that_of_the_way_up_alone():
    rule = DendriticMicrocircuit(settle=EXACT)
    parameters = self_predicting(rule)
    one = learner(rule, parameters=parameters)
    one.run()
    first = np.tanh(one.inputs["input"] @ parameters["input_to_H1"].w.T + parameters["tonic_to_H1"].w.T)
    second = np.tanh(first @ parameters["H1_to_H2"].w.T + parameters["tonic_to_H2"].w.T)
    for layer, wanted in {"H1": first, "H2": second}.items():
        np.testing.assert_allclose(one.simulation.activity(one.state, layer, "free"), wanted, rtol=0, atol=1e-13)


def test_with_a_nudge_the_dendrite_below_the_output_sees_the_error_through_b():
    """r − i = β (target − i) where interneurons predict the output that is not nudged: a = β B (target − i)."""
    rule = DendriticMicrocircuit(strength=0.3, settle=EXACT)
    parameters = self_predicting(rule)
    one = learner(rule, parameters=parameters)
    deltas = one.deltas()
    error = 0.3 * (one.inputs["output"] - one.simulation.activity(one.state, "H2_inter", "nudged"))
    felt = error @ parameters["output_to_H2"].w.T
    np.testing.assert_allclose(apical(one, parameters, "H2", "output", "nudged"), felt, rtol=0, atol=1e-13)
    below = one.simulation.activity(one.state, "H1", "nudged")
    predicted = below @ parameters["H1_to_H2"].w.T + parameters["tonic_to_H2"].w.T
    missed = np.tanh(predicted + rule.gain * felt) - np.tanh(predicted)  # φ(u) − φ(v), of soma and basal dendrite
    np.testing.assert_allclose(deltas["H1_to_H2"], missed.T @ below / len(felt), rtol=0, atol=1e-13)


def test_interneurons_go_on_predicting_the_area_above_while_both_learn():
    """Both learn from r − i and the same activity: W = V at the start, and so for ever."""
    w = learner(DendriticMicrocircuit()).learn(trials=30)
    for above, below in RETURNS:
        np.testing.assert_array_equal(w[f"{below}_to_{below}_inter"].w, w[f"{below}_to_{above}"].w)
        np.testing.assert_array_equal(w[f"tonic_to_{below}_inter"].w, w[f"tonic_to_{above}"].w)


def test_the_first_area_learns_by_how_much_its_soma_departs_from_its_basal_dendrite():
    """ΔW = (φ(v + γ a) − φ(v)) rᵀ, Sacramento et al. (2018), with v = W r + θ."""
    rule = DendriticMicrocircuit(settle=EXACT)
    parameters = self_predicting(rule)
    one = learner(rule, parameters=parameters)
    deltas, x = one.deltas(), one.inputs["input"]
    v = x @ parameters["input_to_H1"].w.T + parameters["tonic_to_H1"].w.T
    departs = np.tanh(v + rule.gain * apical(one, parameters, "H1", "H2", "nudged")) - np.tanh(v)
    np.testing.assert_allclose(deltas["input_to_H1"], departs.T @ x / len(x), rtol=0, atol=1e-13)


def test_a_circuit_develops_into_the_self_predicting_state():
    """From interneurons that predict nothing: with hardly a nudge, mimicry and inhibition silence the dendrites."""
    rule = DendriticMicrocircuit(strength=1e-6, cancels=True, settle=Settle(tolerance=1e-6, step=1.0, max_steps=500))
    parameters = self_predicting(rule)
    rng = np.random.default_rng(5)
    lateral = {name: rng.normal(0, 0.3, each.w.shape) for name, each in parameters.items() if "inter" in name}
    one = learner(rule, update=Scale(0.5), parameters=replaced(parameters, **lateral))
    one.run()
    before = {layer: np.abs(apical(one, one.parameters(), layer, above, "free")).mean() for above, layer in RETURNS}
    one.learn(trials=800)
    one.run()
    for above, layer in RETURNS:
        assert np.abs(apical(one, one.parameters(), layer, above, "free")).mean() < 0.1 * before[layer]


def test_interneurons_that_learn_to_cancel_mean_the_same_to_the_reference_and_to_torch():
    rule = DendriticMicrocircuit(cancels=True, settle=EXACT)
    ours, theirs = (learner(rule, backend=backend).learn(trials=3) for backend in ("reference", "torch_rate"))
    for projection in ours:
        np.testing.assert_allclose(theirs[projection].w, ours[projection].w, rtol=0, atol=1e-12, err_msg=projection)
