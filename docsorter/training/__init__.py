"""Transfer learning: from labelled documents to a model bundle.

The only part of docsorter that imports TensorFlow; it comes with the extra `train`.
"""
