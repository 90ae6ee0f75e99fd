"""Learning from a snapshot of answered documents, in a process of its own.

`docsorter retrain` starts it as `python -m docsorter.training.learning`; the engine next door does
the learning.
"""
