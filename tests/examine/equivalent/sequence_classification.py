"""Lesson 08."""

from examine.equivalent import LAST, NUMBER

LABELS = "predictions.extend(model(**batch).logits.argmax(-1).tolist())"
MATRIX = "matrix = confusion_matrix(labels, predictions, num_classes)"
BOTH = "both = (matrix[label].sum() + matrix[:, label].sum()).item()"
SCORE = "scores.append(2 * matrix[label, label].item() / both if both else 0.0)"

EQUIVALENT = {
    "classification_loss": {
        "return F.mse_loss(logits.reshape(labels.shape), labels)"
        "  ->  return F.mse_loss(labels, logits.reshape(labels.shape))": "a difference has one square, whichever way it is taken",
    },
    "predict": {
        f"{LABELS}  ->  {LABELS.replace('.tolist()', '')}": NUMBER,
        f"{LABELS}  ->  {LABELS.replace('-1', '1')}": LAST,
    },
    "macro_f1": {
        f"{MATRIX}  ->  {MATRIX.replace('labels, predictions', 'predictions, labels')}": (
            "the sum of a class's row and column is the same with the two exchanged, and so is the diagonal"
        ),
        f"{BOTH}  ->  both = matrix[label].sum() + matrix[:, label].sum()": NUMBER,
        f"{SCORE}  ->  {SCORE.replace('.item()', '')}": NUMBER,
    },
    "last_token_index": {
        "return (attention_mask * places).argmax(-1)  ->  return (attention_mask * places).argmax(1)": LAST,
    },
}
