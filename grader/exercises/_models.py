"""Small real models for probes: the library's own classes, with weights large enough that every part of them
shows in the output (at the usual 0.02, effects vanish in rounding)."""

from __future__ import annotations

import torch
from torch import nn

from grader.judge import Draw


def build(draw: Draw, model_class: type, config, *, training: bool = False) -> nn.Module:
    """A `model_class` under `config` with random weights of scale 0.5, drawn from `draw`; float32.

    Dropout is as `config` has it: set it to 0 unless dropout is the point.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw.integer(0, 2**31))
        model = model_class(config)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() > 1 or name.endswith("bias"):
                    parameter.normal_(0.0, 0.5)
    return model.train(training)


def bert_config(vocab_size: int, **changes):
    """A BERT of 1 layer, 2 heads and hidden size 16 without dropout, as `transformers.BertConfig`."""
    from transformers import BertConfig

    settings = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 64,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    return BertConfig(vocab_size=vocab_size, **{**settings, **changes})


def gpt2_config(vocab_size: int, **changes):
    """A GPT-2 of 1 layer, 2 heads and hidden size 16 without dropout or special tokens, as `transformers.GPT2Config`."""
    from transformers import GPT2Config

    settings = {
        "n_embd": 16,
        "n_layer": 1,
        "n_head": 2,
        "n_positions": 64,
        "resid_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    return GPT2Config(vocab_size=vocab_size, **{**settings, **changes})
