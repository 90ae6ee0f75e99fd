"""Evaluation: what a model does on labelled documents, told so that nobody is fooled.

Every figure has its n and a 95 % interval, or says why there is none.
"""

from docsorter.training.evaluation.evaluation import Evaluation, evaluate_judged
from docsorter.training.evaluation.page import html_page

__all__ = ["Evaluation", "evaluate_judged", "html_page"]
