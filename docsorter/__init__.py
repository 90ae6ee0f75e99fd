"""docsorter sorts scanned documents by how they look, and says how sure it is."""

from docsorter.documents import Document, Prediction, Reason, ReasonCode, Verdict, VerdictKind
from docsorter.errors import DocsorterError, ExitCode

__all__ = [
    "DocsorterError",
    "Document",
    "ExitCode",
    "Prediction",
    "Reason",
    "ReasonCode",
    "Verdict",
    "VerdictKind",
    "__version__",
]

__version__ = "0.1.0"
