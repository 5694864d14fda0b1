"""What lessons load and show: checkpoints, corpora, figures, explorers."""

from grader.lab.checkpoints import checkpoint, loading_report, measured, quiet_loading
from grader.lab.corpora import corpus
from grader.lab.world import World

__all__ = ["World", "checkpoint", "corpus", "loading_report", "measured", "quiet_loading"]
