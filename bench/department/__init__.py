"""A simulated department: documents with a known truth, people who err, and a model that earns.

`make simulate` runs it. What decides is the product's own code in `docsorter/decide`; only the
arrivals and the people are made up.
"""
