"""Deliberate one-line defects of the source, each with the tests that must notice it. ``test_mutations.py`` plants them.

Source: DeMillo, Lipton & Sayward (1978) IEEE Computer 11(4):34–41, mutation testing.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTRACTS, PHASES, REFERENCE, TORCH = (
    "tests/contracts/test_backends.py::test_",
    "tests/backends/test_phases.py::test_",
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
        f"{CONTRACTS}what_holds_of_the_weights_holds_in_evaluation_too[two_area-torch_rate]",
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
        "plasticity/three_factor.py",
        "pre.sign * pre.activity",
        "pre.activity",
        f"{REFERENCE}an_inhibitory_synapse_grows_where_an_excitatory_one_would_shrink",
    ),
    Mutation(
        "changes are summed over trials, not averaged",
        "backends/torch_rate.py",
        "alpha=1 / trials",
        "alpha=1",
        f"{CONTRACTS}the_change_of_a_batch_is_the_mean_of_the_changes_of_its_trials[hebbian-torch_rate]",
    ),
    Mutation(
        "a rule reads the nudged activity instead of the free one",
        "protocol.py",
        "return projection.reads or (plastic",
        "return (plastic",
        "tests/science/test_gradient_reference.py::test_the_output_areas_update_is_minus_the_gradient_of_the_cross_entropy[two_area]",
    ),
    Mutation(
        "hold is ignored",
        "backends/phases.py",
        "        if population.name in self.phase.hold:",
        "        if False:",
        f"{PHASES}a_held_current_keeps_its_value_of_the_named_phase_though_the_stimulus_changes[first-0-reference]",
    ),
    Mutation(
        "the nudge is doubled",
        "protocol.py",
        "activity + self.strength * (target - activity)",
        "activity + 2 * self.strength * (target - activity)",
        f"{PHASES}a_nudge_draws_the_activity_by_its_strength_towards_the_target[reference]",
    ),
    Mutation(
        "apical input is felt in the phase that balances it",
        "backends/phases.py",
        " - balanced  # type",
        "  # type",
        f"{PHASES}a_balanced_compartment_adds_nothing_in_the_phase_that_balances_it[0.02-reference]",
    ),
    Mutation(
        "the averages of adaptive steps keep their bias towards 0",
        "updates.py",
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
        f"{CONTRACTS}what_holds_of_the_weights_holds_in_evaluation_too[two_area-torch_rate]",
    ),
    Mutation(
        "a trial starts where the one before ended",
        "backends/arrays.py",
        "memory = Memory() if first else state.memory",
        "memory = state.memory",
        f"{CONTRACTS}a_trial_knows_nothing_of_the_trial_before[in_time-torch_rate]",
    ),
    Mutation(
        "gradient learning climbs the loss",
        "backends/torch_rate.py",
        "{name: -gradient for",
        "{name: gradient for",
        f"{TORCH}the_gradient_of_the_mlp_is_that_of_plain_torch",
    ),
)
