"""How far apart a model sees documents of different labels, by the sample pages it carries."""

from pathlib import Path

import numpy as np
from PIL import Image

from docsorter.decide.grouping import CUT, cut_of, places_of
from docsorter.model.bundle import ModelBundle
from docsorter.model.classifier import Classifier
from docsorter.model.golden import label_of, read_golden


def cut_by_samples(bundle: ModelBundle, classifier: Classifier) -> float:
    """Return up to which distance documents are alike to a model; `CUT` for one without samples.

    Args:
        bundle: The model.
        classifier: What runs it.

    Raises:
        ModelError: Its list of sample pages cannot be read.
    """
    golden, labels = bundle.golden_file, bundle.card.prediction_labels
    if not golden.is_file():
        return CUT
    files = [page.file for page in read_golden(golden).pages]
    features = []
    for file in files:
        with Image.open(golden.parent / file) as opened:
            pixels = np.asarray(opened.convert("RGB"), np.uint8)
        features.append(classifier.classify(pixels[np.newaxis]).features[0])
    named = [label_of(Path(file).stem, labels) for file in files]
    return cut_of(places_of(np.stack(features)), named)
