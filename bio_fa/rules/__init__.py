"""The learning rules, one file each: a file in this folder is found by itself, and its rules by their kind."""

from __future__ import annotations

import importlib
import pkgutil

from bio_fa.rules.base import LearningRule
from bio_fa.rules.cortical_network import CorticalNetwork
from bio_fa.rules.network import LayeredNetwork, Network

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["CorticalNetwork", "LayeredNetwork", "LearningRule", "Network"]
