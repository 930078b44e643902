"""The experiments, one a module. What such a module offers says C{experiment.Experiment}."""
