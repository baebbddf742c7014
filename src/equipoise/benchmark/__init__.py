"""Experiments: data set × method × seed, each job in a process of its own, and what is stored."""

from .experiment import Experiment, load_experiment
from .runner import run
from .store import read_records

__all__ = ["Experiment", "load_experiment", "read_records", "run"]
