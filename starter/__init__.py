"""How the shipped model was made: the generator of documents, and the recipe. Not in the wheel.

`python -m starter.synth` generates documents, `python -m starter` trains on them, and
docs/teach/starter-model.md says what came of it. It may import docsorter, which never imports it.
"""
