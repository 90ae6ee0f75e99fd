"""The training engine for users: from a folder of their own scans to a model bundle.

One sub-folder per label; any labels, any number of them. The recipe next door is for the one model
that ships.
"""
