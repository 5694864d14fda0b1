"""All recipes, in the order in which they are trained."""

from __future__ import annotations

from grader.lab.training import bart, bert, entities, gpt2, heads, questions, sentiment, t5

RECIPES = {
    module.RECIPE.name: module.RECIPE
    for module in (bert, gpt2, t5, bart, heads, entities, sentiment, questions)
}
