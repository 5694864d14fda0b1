"""What lessons load and show: checkpoints, corpora, figures, explorers."""
