"""Evaluation: what a model does on labelled documents, told so that nobody is fooled.

Every figure has its n and a 95 % interval, or says why there is none.
"""
