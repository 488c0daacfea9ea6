"""Deliberate one-line defects of the source, each with the tests that must notice it. ``test_mutations.py`` plants them.

Source: DeMillo, Lipton & Sayward (1978) IEEE Computer 11(4):34–41, mutation testing.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTRACTS, SETTLING, STEPPING, MOMENTARY, REFERENCE, TORCH = (
    "tests/contracts/test_backends.py::test_",
    "tests/backends/test_settling.py::test_",
    "tests/backends/test_stepping.py::test_",
    "tests/backends/test_momentary_plasticity.py::test_",
    "tests/backends/test_reference.py::test_",
    "tests/backends/test_torch_rate.py::test_",
)


@dataclass(frozen=True)
class Mutation:
    """A text of a file under ``bio_fa``, what replaces it, and the test that must then fail."""

    defect: str
    file: str
    right: str
    wrong: str
    caught_by: str


MUTATIONS = (
    Mutation(
        "the error has the wrong sign",
        "plasticity/three_factor.py",
        "yield self.rate * post.error",
        "yield -self.rate * post.error",
        "tests/science/test_gradient_reference.py::test_the_output_areas_update_is_minus_the_gradient_of_the_cross_entropy[two_area]",
    ),
    Mutation(
        "plus and minus are swapped",
        "credit.py",
        "cls(Activity(population, plus), Activity(population, minus))",
        "cls(Activity(population, minus), Activity(population, plus))",
        f"{REFERENCE}the_error_is_the_nudged_activity_less_the_free_one",
    ),
    Mutation(
        "the mask is dropped",
        "circuit.py",
        'mask = () if projection.connectivity.kind() == "all_to_all" else (Mask(),)',
        "mask = ()",
        f"{CONTRACTS}what_holds_of_the_weights_holds_in_evaluation_too[two_area-reference]",
    ),
    Mutation(
        "Dale's law is dropped",
        "circuit.py",
        "dale = () if self.sign(projection) is None else (Dale(),)",
        "dale = ()",
        f"{CONTRACTS}what_holds_of_the_weights_holds_in_evaluation_too[two_area-reference]",
    ),
    Mutation(
        "the presynaptic sign is ignored",
        "plasticity/base.py",
        "return self.sign * (",
        "return (",
        f"{REFERENCE}an_inhibitory_synapse_grows_where_an_excitatory_one_would_shrink",
    ),
    Mutation(
        "changes are summed over trials, not averaged",
        "backends/torch_common.py",
        "alpha=1 / trials",
        "alpha=1",
        f"{CONTRACTS}the_change_of_a_batch_is_the_mean_of_the_changes_of_its_trials[hebbian-torch_rate]",
    ),
    Mutation(
        "a rule reads the nudged activity instead of the free one",
        "protocol.py",
        "return projection.reads or self.plastic",
        "return self.plastic",
        "tests/science/test_gradient_reference.py::test_the_output_areas_update_is_minus_the_gradient_of_the_cross_entropy[two_area]",
    ),
    Mutation(
        "noise that made things worse is repeated",
        "credit.py",
        "return free - noisy",
        "return noisy - free",
        "tests/rules/test_node_perturbation.py::test_its_mean_change_is_minus_the_gradient_of_the_loss",
    ),
    Mutation(
        "noise that should be alone is added to the stimulus",
        "backends/settling.py",
        "        if population.name in self._alone:\n            return rows",
        "        if False:\n            return rows",
        "tests/rules/test_weight_mirror.py::test_what_is_alone_with_its_noise_feels_no_stimulus",
    ),
    Mutation(
        "hold is ignored",
        "backends/settling.py",
        "        if population.name in self.phase.hold:",
        "        if False:",
        f"{SETTLING}a_held_current_keeps_its_value_of_the_named_phase_though_the_stimulus_changes[first-0-reference]",
    ),
    Mutation(
        "the nudge is doubled",
        "phase.py",
        "return self.strength * (target - activity)",
        "return 2 * self.strength * (target - activity)",
        f"{SETTLING}a_nudge_draws_the_activity_by_its_strength_towards_the_target[reference]",
    ),
    Mutation(
        "apical input is felt in the phase that balances it",
        "backends/phases.py",
        " in self.inlets) - self.balances",
        " in self.inlets)",
        "tests/backends/test_phases.py::test_a_balanced_compartment_adds_nothing_in_the_phase_that_balances_it[0.02-reference]",
    ),
    Mutation(
        "the averages of adaptive steps keep their bias towards 0",
        "updates/adaptive.py",
        "self.rate * (1 - self.square_decay**t) ** 0.5 / (1 - self.mean_decay**t)",
        "self.rate",
        "tests/test_updates.py::test_the_first_adaptive_step_has_the_size_of_the_rate_whatever_the_change",
    ),
    Mutation(
        "every projection draws its weights from one stream",
        "circuit.py",
        'stream(seed, "weights", projection.name)',
        'stream(seed, "weights")',
        "tests/contracts/test_sampling.py::test_projections_of_one_shape_draw_different_synapses",
    ),
    Mutation(
        "the proof of locality accepts everything",
        "plasticity/locality.py",
        "            if foreign:",
        "            if False:",
        "tests/plasticity/test_locality.py::test_the_product_that_peeks_is_named_by_its_number",
    ),
    Mutation(
        "rates fall below 0",
        "neurons/leaky_rate.py",
        "return relu(u)",
        "return u",
        f"{CONTRACTS}what_holds_of_the_weights_holds_in_evaluation_too[two_area-reference]",
    ),
    Mutation(
        "a trial starts where the one before ended",
        "backends/arrays.py",
        "memory = Memory() if phase == self.protocol.phases[0] else state.memory\n        return",
        "memory = state.memory\n        return",
        f"{CONTRACTS}a_trial_knows_nothing_of_the_trial_before[in_time-reference]",
    ),
    Mutation(
        "gradient learning climbs the loss",
        "backends/torch_common.py",
        "{name: -gradient for",
        "{name: gradient for",
        f"{TORCH}the_gradient_of_the_mlp_is_that_of_plain_torch",
    ),
    Mutation(
        "a spike arrives a step too early",
        "backends/stepping.py",
        "delay = self.protocol.steps(transmission.delay)",
        "delay = max(self.protocol.steps(transmission.delay) - 1, 0)",
        f"{STEPPING}a_spike_of_step_k_is_felt_in_step_k_plus_1_plus_its_delay[7-reference]",
    ),
    Mutation(
        "refractory time counts from the step after the spike",
        "backends/stepping.py",
        "return self.protocol.steps(neuron.refractory) - 1",
        "return self.protocol.steps(neuron.refractory)",
        f"{STEPPING}a_refractory_time_of_r_steps_counts_from_that_of_the_spike[0.8-5-reference]",
    ),
    Mutation(
        "refractory neurons hear",
        "backends/stepping.py",
        "{variable: choose(resting, state[variable], moved[variable]) for variable in neuron.held}",
        "{}",
        f"{STEPPING}a_refractory_time_of_r_steps_counts_from_that_of_the_spike[0.8-5-reference]",
    ),
    Mutation(
        "a spike resets nothing",
        "backends/stepping.py",
        "memory.states[name] = moved | reset",
        "memory.states[name] = moved",
        f"{STEPPING}a_refractory_time_of_r_steps_counts_from_that_of_the_spike[2.5-0-reference]",
    ),
    Mutation(
        "synapses grow instead of decaying",
        "transmission.py",
        "return -x / self.tau",
        "return x / self.tau",
        "tests/test_transmission.py::test_as_symbols_it_is_the_published_equation",
    ),
    Mutation(
        "a spike brings as much charge at every rate that counts as 1",
        "transmission.py",
        "return 1 / (self.tau * unit_rate)",
        "return 1 / (self.tau * 50.0)",
        f"{STEPPING}a_postsynaptic_potential_has_the_time_course_of_two_exponentials[0-reference]",
    ),
    Mutation(
        "rules sense traces without the spikes of the step",
        "backends/stepping.py",
        "return trace - dt * trace / tau + spikes",
        "return (trace + spikes) * (1 - dt / tau)",
        f"{MOMENTARY}one_pair_of_spikes_moves_the_synapse_by_the_window_of_its_lag[0-reference]",
    ),
    Mutation(
        "windows are a step too long",
        "backends/stepping.py",
        "first = steps - (self.protocol.steps(self.phase.window) or 1)",
        "first = steps - (self.protocol.steps(self.phase.window) or 1) - 1",
        f"{STEPPING}a_held_current_is_the_mean_of_those_felt_in_the_window[5-reference]",
    ),
    Mutation(
        "sums over a window pass for means",
        "backends/moments.py",
        "total / self.steps",
        "total",
        f"{STEPPING}the_activity_of_a_phase_is_the_mean_over_its_window[4-reference]",
    ),
    Mutation(
        "a spiking neuron is nudged from where it is pushed to",
        "backends/stepping.py",
        "pull(memory.activity[self.held_from][name], trial.inputs[name])",
        "pull(trial.inputs[name], memory.activity[self.held_from][name])",
        f"{STEPPING}a_spiking_neuron_is_nudged_by_a_current_that_is_its_distance_from_the_target[1.5-0.4-reference]",
    ),
    Mutation(
        "feedback is not balanced among spikes",
        "backends/stepping.py",
        "moment.apical[name] - self._balance(population, memory, trial)",
        "moment.apical[name]",
        f"{STEPPING}a_balanced_compartment_adds_its_gain_times_the_change_from_the_mean_of_the_balancing_window[6-reference]",
    ),
    Mutation(
        "every batch of trials has the same draws",
        "draws.py",
        "return replace(self, number=self.number + 1)",
        "return replace(self, number=0)",
        "tests/test_draws.py::test_every_batch_of_trials_has_draws_of_its_own",
    ),
    Mutation(
        "populations share one stream of spikes",
        "draws.py",
        'stream(self.seed, "spikes", population.name, phase, ',
        'stream(self.seed, "spikes", phase, ',
        "tests/test_draws.py::test_populations_and_phases_draw_from_streams_of_their_own",
    ),
    Mutation(
        "a product of moments and trials is let through",
        "plasticity/locality.py",
        "if sensed & MOMENTARY and lasting:",
        "if False:",
        "tests/test_wiring.py::test_a_rule_that_mixes_moments_and_trials_is_refused_when_it_is_wired",
    ),
    Mutation(
        "spikes pass for rates",
        "wiring.py",
        "    if spiking != isinstance(projection.transmission, SpikeTransmission):",
        "    if False:",
        "tests/test_wiring.py::test_synapses_that_could_not_work_are_refused[rates from spikes]",
    ),
)
