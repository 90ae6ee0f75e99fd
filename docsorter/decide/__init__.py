"""Numbers in, verdict out: calibration, novelty, promise and policy; no files, no clock, no chance.

Nothing is imported here: a command that only prints a stored verdict needs no NumPy.
"""
