"""Evaluation: what a model does on labelled documents, told so that nobody is fooled.

Every figure has its n and a 95 % interval, or says why there is none.
"""

from docsorter.training.evaluation.evaluation import Evaluation
from docsorter.training.evaluation.measuring import evaluate_judged
from docsorter.training.evaluation.page import html_page
from docsorter.training.evaluation.pictures import PictureSource

__all__ = ["Evaluation", "PictureSource", "evaluate_judged", "html_page"]
