"""All recipes, in the order in which they are trained."""

from __future__ import annotations

from grader.lab.training import bert, gpt2
from grader.lab.training.recipe import Recipe

RECIPES: dict[str, Recipe] = {module.RECIPE.name: module.RECIPE for module in (bert, gpt2)}
