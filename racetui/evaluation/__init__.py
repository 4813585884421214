"""Evaluation: how well a checkpoint drives tracks it never trained on. Importing this loads no torch."""

from racetui.evaluation.driving import evaluate, loaded, posed_task, usual_backend
from racetui.evaluation.report import document_of, write_document
from racetui.evaluation.scores import EpisodeScore, EvaluationResult, summarise
from racetui.evaluation.settings import EvaluationSettings

__all__ = [
    "EpisodeScore",
    "EvaluationResult",
    "EvaluationSettings",
    "document_of",
    "evaluate",
    "loaded",
    "posed_task",
    "summarise",
    "usual_backend",
    "write_document",
]
