"""Aims at descriptions that lie: a value that no field should hold, a table that does not come back as what it was, a
default that replaces what was stated, a class that changes another's behaviour, and a misspelling that passes.
"""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, dataclass, field
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.description import Description
from bio_fa.errors import DescriptionError
from tests.refusals import assert_refused


@dataclass(frozen=True)
class Instrument(Description, abstract=True):
    """An example family."""


@dataclass(frozen=True)
class ValvedHorn(Instrument):
    """A horn.

    Source: Stölzel & Blühmel (1818),
        the patent.

    Choice: brass.
    """

    valves: int = 3
    length: float = 3.7
    bell: ClassVar[str] = "wide"


@dataclass(frozen=True)
class PlayerOfTheHorn(Description):
    """A player. Choice: one at least."""

    name: str
    instruments: tuple[Instrument, ...] = ()
    favourite: Instrument | None = None
    hand: Literal[1, -1] | None = 1
    seat: int | None = None
    spare: Instrument = field(default_factory=ValvedHorn)


HORN = ValvedHorn(valves=4)
PLAYER = PlayerOfTheHorn("Dauprat", (HORN, ValvedHorn()), favourite=HORN)


def through_json(description: Description) -> Description:
    return type(description).from_table(json.loads(json.dumps(description.to_table())))


@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        ({"valves": 3.0}, ("ValvedHorn", "valves = 3.0", "a whole number")),
        ({"valves": True}, ("valves = True", "a whole number")),
        ({"valves": "3"}, ("valves = '3'", "a whole number")),
        ({"length": "long"}, ("length = 'long'", "a finite number")),
        ({"length": True}, ("length = True", "a finite number")),
        ({"length": float("nan")}, ("length = nan", "a finite number")),
        ({"length": float("-inf")}, ("length = -inf", "a finite number")),
        ({"length": 10**400}, ("length = 1000", "a finite number")),
    ],
)
def test_a_number_of_the_wrong_kind_is_refused(settings, fragments):
    assert_refused(lambda: ValvedHorn(**settings), *fragments, "is not allowed; give")


@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        ({"name": 7}, ("name = 7", "a text")),
        ({"instruments": [HORN]}, ("PlayerOfTheHorn 'D'", "instruments = [", "each item is a Instrument")),
        ({"instruments": (3,)}, ("instruments = (3,)", "each item is a Instrument")),
        ({"favourite": "horn"}, ("favourite = 'horn'", "a Instrument or nothing")),
        ({"hand": 2}, ("hand = 2", "1 or -1 or nothing")),
        ({"hand": True}, ("hand = True", "1 or -1 or nothing")),
        ({"hand": 1.0}, ("hand = 1.0", "1 or -1 or nothing")),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(settings, fragments):
    assert_refused(lambda: PlayerOfTheHorn(**{"name": "D", **settings}), *fragments, "is not allowed; give")


@pytest.mark.parametrize(
    ("family", "table", "fragments"),
    [
        (ValvedHorn, {"valvs": 3}, ("ValvedHorn has no setting 'valvs'", "did you mean 'valves'?")),
        (ValvedHorn, {"q": 3}, ("no setting 'q'", "known are: length, valves.")),
        (ValvedHorn, {"bell": "narrow"}, ("no setting 'bell'", "known are")),
        (ValvedHorn, {"length": [1.0]}, ("length = [1.0]", "a finite number")),
        (Instrument, {"kind": "valved_hron"}, ("'valved_hron' is no kind of Instrument", "did you mean 'valved_horn'?")),
        (Instrument, {"kind": ["valved_horn"]}, ("is no kind of Instrument",)),
        (Instrument, {"kind": "player_of_the_horn"}, ("is no kind of Instrument", "valved_horn")),
        (Instrument, {}, ("Instrument needs a 'kind'", "valved_horn")),
        (Instrument, "valved_horn", ("Instrument: 'valved_horn' is not a table", "give one with the key 'kind'")),
        (PlayerOfTheHorn, {}, ("PlayerOfTheHorn needs name", "add it")),
        (PlayerOfTheHorn, {"name": "D", "instruments": "horn"}, ("instruments = 'horn'", "each item is a Instrument")),
        (PlayerOfTheHorn, {"name": "D", "spare": {"kind": "valved_horn", "valvs": 1}}, ("ValvedHorn has no setting 'valvs'",)),
    ],
)
def test_a_table_that_is_not_understood_is_refused_with_the_nearest_that_is(family, table, fragments):
    assert_refused(lambda: family.from_table(table), *fragments)


@given(
    valves=st.integers(),
    length=st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    hand=st.sampled_from([1, -1, None]),
    seat=st.none() | st.integers(),
)
def test_a_description_comes_back_from_json_as_it_was(valves, length, hand, seat):
    player = PlayerOfTheHorn("D", (ValvedHorn(valves, length),), favourite=HORN, hand=hand, seat=seat)
    assert through_json(player) == player and hash(through_json(player)) == hash(player)


def test_nothing_survives_json_where_the_default_is_something():
    """TOML has no null, so that a default of None is left out; leaving out another None would restore the default."""
    ambidextrous = PlayerOfTheHorn("D", hand=None)
    assert "seat" not in ambidextrous.to_table()
    assert through_json(ambidextrous).hand is None


def test_a_table_names_its_kind_and_holds_plain_values_only():
    assert HORN.to_table() == {"kind": "valved_horn", "valves": 4, "length": 3.7}
    assert PLAYER.to_table()["instruments"][0] == HORN.to_table()


def test_a_whole_number_is_a_number():
    assert ValvedHorn(length=3).length == 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SlideTrombone", "slide_trombone"), ("MLP", "mlp"), ("TwoArea2D", "two_area2_d"), ("HTTPServer", "http_server")],
)
def test_the_kind_is_the_snake_case_of_the_class_name(name, kind):
    assert type(name, (Instrument,), {"__doc__": "."}).kind() == kind


def test_a_final_class_registers_with_its_family():
    assert Instrument.kinds()["valved_horn"] is ValvedHorn
    assert ValvedHorn.kinds() == {"valved_horn": ValvedHorn}


def test_a_final_class_cannot_be_extended():
    with pytest.raises(TypeError, match=r"^Natural cannot extend ValvedHorn, which is final; extend its abstract base\.$"):
        type("Natural", (ValvedHorn,), {})


@pytest.mark.parametrize("family", [Description, Instrument])
def test_an_abstract_class_cannot_be_made(family):
    with pytest.raises(TypeError, match=f"^{family.__name__} is abstract; make one of its kinds: .*valved_horn"):
        family()


def test_a_class_cannot_take_the_kind_of_one_of_bio_fas_own():
    with pytest.raises(DescriptionError, match=r"defines LeakyRate, but bio_fa\.neurons\.leaky_rate has one; rename yours\.$"):
        type("LeakyRate", (Instrument,), {})
    assert "leaky_rate" not in Instrument.kinds()


def test_a_description_is_frozen():
    with pytest.raises(FrozenInstanceError):
        HORN.valves = 5


def test_sources_are_the_lines_of_the_description_and_all_that_it_holds_each_once():
    assert PLAYER.sources() == (
        "PlayerOfTheHorn: Choice: one at least.",
        "ValvedHorn: Source: Stölzel & Blühmel (1818), the patent.",
        "ValvedHorn: Choice: brass.",
    )
