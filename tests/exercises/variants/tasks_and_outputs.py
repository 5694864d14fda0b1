"""Other right answers to lesson 01, written differently: `<exercise>__<how>`."""

import math

import torch


def auto_class__chain(task):
    if task == "fill-mask":
        kind = "MaskedLM"
    elif task == "text-generation":
        kind = "CausalLM"
    elif task == "text-classification":
        kind = "SequenceClassification"
    elif task in (
        "token-classification",
        "question-answering",
        "next-sentence-prediction",
        "multiple-choice",
    ):
        kind = "".join(word.capitalize() for word in task.split("-"))
    else:
        raise ValueError("unknown task")
    return "AutoModelFor" + kind


def auto_class__from_the_library(task):
    import transformers

    names = {
        "fill-mask": transformers.AutoModelForMaskedLM,
        "text-generation": transformers.AutoModelForCausalLM,
        "text-classification": transformers.AutoModelForSequenceClassification,
        "token-classification": transformers.AutoModelForTokenClassification,
        "question-answering": transformers.AutoModelForQuestionAnswering,
        "next-sentence-prediction": transformers.AutoModelForNextSentencePrediction,
        "multiple-choice": transformers.AutoModelForMultipleChoice,
    }
    try:
        return names[task].__name__
    except KeyError:
        raise ValueError(f"{task} is none of {list(names)}") from None


def auto_class__match(task):
    match task:
        case "fill-mask":
            return "AutoModelForMaskedLM"
        case "text-generation":
            return "AutoModelForCausalLM"
        case "text-classification":
            return "AutoModelForSequenceClassification"
        case "token-classification":
            return "AutoModelForTokenClassification"
        case "question-answering":
            return "AutoModelForQuestionAnswering"
        case "next-sentence-prediction":
            return "AutoModelForNextSentencePrediction"
        case "multiple-choice":
            return "AutoModelForMultipleChoice"
    raise ValueError(task)


def output_shapes__chain(task, batch, length, vocab_size, num_labels, num_choices):
    if task in {"fill-mask", "text-generation"}:
        return {"logits": (batch, length, vocab_size)}
    if task == "question-answering":
        return {"end_logits": [batch, length], "start_logits": [batch, length]}
    if task == "token-classification":
        return {"logits": (batch, length, num_labels)}
    widths = {
        "text-classification": num_labels,
        "next-sentence-prediction": 2,
        "multiple-choice": num_choices,
    }
    if task in widths:
        return {"logits": (batch, widths[task])}
    raise ValueError(f"no such task: {task}")


def output_shapes__of_tensors(task, batch, length, vocab_size, num_labels, num_choices):
    text, tokens = torch.zeros(batch, 1), torch.zeros(batch, length)
    outputs = {
        "fill-mask": lambda: {"logits": tokens[..., None].expand(-1, -1, vocab_size)},
        "text-generation": lambda: {"logits": tokens[..., None].expand(-1, -1, vocab_size)},
        "text-classification": lambda: {"logits": text.expand(-1, num_labels)},
        "token-classification": lambda: {"logits": tokens[..., None].expand(-1, -1, num_labels)},
        "question-answering": lambda: dict.fromkeys(("start_logits", "end_logits"), tokens),
        "next-sentence-prediction": lambda: {"logits": text.expand(-1, 2)},
        "multiple-choice": lambda: {"logits": text.expand(-1, num_choices)},
    }
    if task not in outputs:
        raise ValueError
    return {name: tensor.shape for name, tensor in outputs[task]().items()}


def output_shapes__of_a_real_model(task, batch, length, vocab_size, num_labels, num_choices):
    import transformers

    names = {
        "fill-mask": "BertForMaskedLM",
        "text-generation": "GPT2LMHeadModel",
        "text-classification": "BertForSequenceClassification",
        "token-classification": "BertForTokenClassification",
        "question-answering": "BertForQuestionAnswering",
        "next-sentence-prediction": "BertForNextSentencePrediction",
        "multiple-choice": "BertForMultipleChoice",
    }
    if task not in names:
        raise ValueError(f"unknown task {task!r}; known are {', '.join(names)}")
    if task == "text-generation":
        config = transformers.GPT2Config(
            vocab_size=vocab_size, n_embd=8, n_layer=1, n_head=2, bos_token_id=None, eos_token_id=None
        )
    else:
        config = transformers.BertConfig(
            vocab_size=vocab_size,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
        )
        config.num_labels = num_labels if "classification" in task else 2
    shape = (batch, num_choices, length) if task == "multiple-choice" else (batch, length)
    outputs = getattr(transformers, names[task])(config)(torch.zeros(shape, dtype=torch.long))
    return {name: tuple(value.shape) for name, value in outputs.items() if "logits" in name}


def as_pipeline__max(logits, id2label):
    scores, labels = torch.softmax(logits, dim=1).max(dim=1)
    return [
        {"score": score, "label": id2label[label]}
        for score, label in zip(scores.tolist(), labels.tolist(), strict=True)
    ]


def as_pipeline__plain_python(logits, id2label):
    results = []
    for row in logits.tolist():
        top = max(row)
        total = math.fsum(math.exp(score - top) for score in row)
        results.append({"label": id2label[row.index(top)], "score": 1 / total})
    return tuple(results)


def as_pipeline__numpy(logits, id2label):
    scores = logits.detach().numpy().astype("float64")
    powers = 2.718281828459045 ** (scores - scores.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    return [dict(label=id2label[int(row.argmax())], score=row.max()) for row in shares]


def as_pipeline__sorted_by_label(logits, id2label):
    results = []
    for probabilities in logits.log_softmax(-1).exp():
        named = {id2label[i]: probabilities[i] for i in range(len(id2label))}
        label = max(named, key=named.get)
        results.append({"label": label, "score": named[label]})
    return results


def model_family__whatever_the_case(task):
    families = {
        "encoder": ("fill-mask", "text-classification", "token-classification", "question-answering"),
        "decoder": ("text-generation",),
        "encoder-decoder": ("translation", "summarization", "speech-recognition"),
    }
    for family, tasks in families.items():
        if task.strip().lower() in tasks:
            return family
    raise ValueError(f"no family is known for {task!r}")


def model_family__chain(task):
    if task in ("translation", "summarization", "speech-recognition"):
        return "encoder-decoder"
    if task == "text-generation":
        return "decoder"
    if task in ("fill-mask", "question-answering") or task in ("text-classification", "token-classification"):
        return "encoder"
    raise ValueError(f"task must be a known one, got {task!r}")


def model_family__by_family(task):
    families = {
        "encoder": "fill-mask text-classification token-classification question-answering",
        "decoder": "text-generation",
        "encoder-decoder": "translation summarization speech-recognition",
    }
    for family, tasks in families.items():
        if task in tasks.split():
            return family
    raise ValueError("task")


def model_family__two_questions(task):
    reads = {"fill-mask", "text-classification", "token-classification", "question-answering"}
    both = {"translation", "summarization", "speech-recognition"}
    writes = both | {"text-generation"}
    if task not in reads | writes:
        raise ValueError(task)
    parts = [name for name, known in (("encoder", reads | both), ("decoder", writes)) if task in known]
    return "-".join(parts)
