"""How the course's checkpoints and the little world's corpus were made: one module a model."""
