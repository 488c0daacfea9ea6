"""The learning rules, one file each: a file in this folder is found by itself, and its rules and wirings by their kind."""

from __future__ import annotations

import importlib
import pkgutil

from bio_fa.rules.base import LearningRule
from bio_fa.rules.cortical_network import CorticalNetwork
from bio_fa.rules.feedback import Feedback
from bio_fa.rules.network import LayeredNetwork, Network
from bio_fa.rules.wired import WiredRule

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["CorticalNetwork", "Feedback", "LayeredNetwork", "LearningRule", "Network", "WiredRule"]
