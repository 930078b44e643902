"""The experiments, one in each module; L{swimtx.experiments.Experiment} is their interface."""
