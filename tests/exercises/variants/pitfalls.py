"""Other right answers to lesson 14, written differently: `<exercise>__<how>`."""

import numpy as np
import torch
import torch.nn.functional as F


def untrained_parameters__prefix_taken_off(model_keys, checkpoint_keys, base_prefix):
    known = frozenset(checkpoint_keys)
    return tuple(
        sorted(k for k in model_keys if k not in known and k.removeprefix(base_prefix + ".") not in known)
    )


def untrained_parameters__sets(model_keys, checkpoint_keys, base_prefix):
    known = set(checkpoint_keys) | {".".join((base_prefix, key)) for key in checkpoint_keys}
    return sorted(set(model_keys) - known)


def untrained_parameters__loops(model_keys, checkpoint_keys, base_prefix):
    left = list(model_keys)
    for key in checkpoint_keys:
        for name in (key, f"{base_prefix}.{key}"):
            if name in left:
                left.remove(name)
    left.sort()
    return left


def trainable_parameters__modules(model, head):
    modules = dict(model.named_modules())
    if head not in modules:
        raise ValueError(f"head: there is no module {head!r}")
    model.requires_grad_(False)
    modules[head].requires_grad_()
    return sorted(name for name, parameter in model.named_parameters() if parameter.requires_grad)


def trainable_parameters__names(model, head):
    names = [name for name, _ in model.named_parameters() if name.startswith(head + ".")]
    if not names:
        raise ValueError("unknown head")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in names)
    return tuple(sorted(names))


def trainable_parameters__attributes(model, head):
    module = model
    for part in head.split("."):
        module = getattr(module, part, None)
        if not isinstance(module, torch.nn.Module):
            raise ValueError(f"head {head!r}: no module {part!r}")
    mine = {id(parameter) for parameter in module.parameters()}
    found = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad = id(parameter) in mine
        if parameter.requires_grad:
            found.append(name)
    return sorted(found)


def classify__inference_mode(model, batch):
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        probabilities = F.softmax(model(**batch).logits, dim=1).clone()
    model.train(was_training)
    return probabilities


def classify__each_alone(model, batch):
    training = model.training
    model.train(False)
    rows = []
    try:
        with torch.no_grad():
            for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
                rows.append(model(input_ids=ids[mask.bool()].unsqueeze(0)).logits[0].double().softmax(0))
    finally:
        if training:
            model.train()
    return torch.stack(rows)


def classify__by_hand(model, batch):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        scores = model(batch["input_ids"], batch["attention_mask"]).logits.numpy()
    for module, mode in modes:
        module.training = mode
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return torch.from_numpy(powers / powers.sum(axis=1, keepdims=True))


def generate_batch__each_alone(model, prompts, pad_id, steps):
    rows = []
    with torch.no_grad():
        for prompt in prompts:
            ids = list(prompt)
            for _ in range(steps):
                ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
            rows.append(ids[len(prompt) :])
    return torch.tensor(rows)


def generate_batch__library(model, prompts, pad_id, steps):
    longest = max(len(prompt) for prompt in prompts)
    ids = torch.full((len(prompts), longest), pad_id)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) :] = 1
    out = model.generate(
        ids,
        attention_mask=mask,
        max_new_tokens=steps,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=pad_id,
    )
    return out[:, longest:]


def generate_batch__written_in_place(model, prompts, pad_id, steps):
    """Padded on the right, each new token written directly behind its prompt."""
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    ids = torch.full((len(prompts), int(lengths.max()) + steps), pad_id)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.tensor(prompt)
    rows = torch.arange(len(prompts))
    with torch.no_grad():
        for step in range(steps):
            mask = torch.arange(ids.shape[1])[None] < (lengths + step)[:, None]
            logits = model(ids, attention_mask=mask.long()).logits
            ids[rows, lengths + step] = logits[rows, lengths + step - 1].argmax(-1)
    return torch.stack([row[n : n + steps] for row, n in zip(ids, lengths.tolist(), strict=True)])


def generate_batch__cached(model, prompts, pad_id, steps):
    longest = max(map(len, prompts))
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    ids = torch.tensor([[pad_id] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    positions, cache, new = (mask.cumsum(1) - 1).masked_fill(mask == 0, 1), None, []
    with torch.no_grad():
        for _ in range(steps):
            out = model(
                ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
            )
            ids, cache = out.logits[:, -1:].argmax(-1), out.past_key_values
            new.append(ids)
            positions = positions[:, -1:] + 1
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
    return torch.cat(new, dim=1)


def looks_ahead__cut_off(model, ids):
    with torch.no_grad():
        whole = model(ids).logits[0]
        cut = torch.stack([model(ids[:, : i + 1]).logits[0, i] for i in range(ids.shape[1])])
    return ((whole - cut).abs() > 1e-4).any(-1)


def looks_ahead__one_token_at_a_time(model, ids):
    length = ids.shape[1]
    ahead = torch.zeros(length, dtype=torch.bool)
    with torch.no_grad():
        before = model(input_ids=ids).logits[0]
        for j in range(1, length):
            other = ids.clone()
            other[0, j] = (other[0, j] + 3) % model.config.vocab_size
            moved = (model(input_ids=other).logits[0] - before).abs().max(dim=-1).values > 1e-4
            ahead[:j] |= moved[:j]
    return ahead


def looks_ahead__one_batch(model, ids):
    length, vocab = ids.shape[1], model.config.vocab_size
    later = torch.arange(length)[None, :] > torch.arange(length)[:, None]
    texts = torch.where(later, (ids + 7) % vocab, ids)
    with torch.no_grad():
        before, after = model(ids).logits[0], model(texts).logits
    places = torch.arange(length)
    return torch.linalg.vector_norm(after[places, places] - before, ord=torch.inf, dim=-1) > 1e-4


def named_predictions__looked_up(logits, id2label):
    names = {int(key): name for key, name in id2label.items()}
    return [names[i] for i in logits.argmax(dim=-1).tolist()]


def named_predictions__sorted_by_number(logits, id2label):
    names = [id2label[key] for key in sorted(id2label, key=int)]
    return tuple(names[int(row.argmax())] for row in logits)


def named_predictions__either_key(logits, id2label):
    found = []
    for row in logits.numpy():
        best = int(np.argmax(row))
        found.append(id2label[best] if best in id2label else id2label[str(best)])
    return found


def mean_loss__one_sum_one_count(token_losses, labels):
    counted = labels.ne(-100)
    return torch.where(counted, token_losses, 0).sum() / max(1, int(counted.sum()))


def mean_loss__selected(token_losses, labels):
    counted = token_losses[labels != -100]
    return counted.mean() if counted.numel() else token_losses.sum() * 0


def mean_loss__weighted_rows(token_losses, labels):
    counted = (labels != -100).to(token_losses.dtype)
    total = counted.sum()
    if total == 0:
        return torch.zeros((), dtype=token_losses.dtype, requires_grad=True)
    return torch.einsum("bl,bl->", token_losses, counted / total)


def mean_loss__loops(token_losses, labels):
    total, count = token_losses.new_zeros(()), 0
    for losses, line in zip(token_losses, labels.tolist(), strict=True):
        for loss, label in zip(losses, line, strict=True):
            if label != -100:
                total, count = total + loss, count + 1
    return total / count if count else total
