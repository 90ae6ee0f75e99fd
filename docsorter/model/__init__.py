"""A model bundle, what is known of it, and the classifiers that run one.

Nothing is imported here: a command that only lists bundles needs neither NumPy nor LiteRT.
"""
