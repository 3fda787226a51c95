"""Language models of Hugging Face."""
import coremltools as ct
import numpy as np
import torch
from network import Case, Network, Outputs, network, settle, tokens
from torch import nn


def bert_module(size):
    from transformers import BertConfig, BertModel
    shape = {"real": {}, "small": {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512, "vocab_size": 1000},
             "tiny": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 100, "max_position_embeddings": 64}}[size]
    config = BertConfig(initializer_range=0.04, **shape)
    return settle(Outputs(BertModel(config), lambda m, ids, mask: m(input_ids=ids, attention_mask=mask, return_dict=False))), config.vocab_size


def padded(ids, used):
    mask = np.ones_like(ids)
    mask[:, used:] = 0
    return Case({"ids": ids, "mask": mask})


@network
def bert(size):
    module, vocabulary = bert_module(size)
    length = {"real": 128, "small": 32, "tiny": 8}[size]
    cases = [padded(ids, length - index * length // 4) for index, ids in enumerate(tokens(3, length, vocabulary))]
    return Network(module, ["hidden", "pooled"], cases)


def gpt2_model(size):
    from transformers import GPT2Config, GPT2LMHeadModel
    shape = {"real": {}, "small": {"n_embd": 128, "n_layer": 2, "n_head": 4, "vocab_size": 1000, "n_positions": 128},
             "tiny": {"n_embd": 32, "n_layer": 1, "n_head": 2, "vocab_size": 100, "n_positions": 32}}[size]
    return GPT2LMHeadModel(GPT2Config(initializer_range=0.04, **shape))


@network
def gpt2(size):
    module = settle(Outputs(gpt2_model(size), lambda m, ids: m(input_ids=ids, use_cache=False, return_dict=False)[0]))
    length = {"real": 64, "small": 32, "tiny": 8}[size]
    return Network(module, ["logits"], [Case({"ids": ids}) for ids in tokens(3, length, module.model.config.vocab_size)])


def t5_unmasked(encoder, ids):
    """The encoder without a mask: transformers multiplies its complement by the lowest float32, which float16 makes infinite, and 0 · ∞ is NaN."""
    x, bias = encoder.embed_tokens(ids), None
    for block in encoder.block:
        x, bias = block(x, position_bias=bias, cache_position=torch.arange(ids.shape[1]))
    return encoder.final_layer_norm(x)


@network
def t5_encoder(size):
    from transformers import T5Config, T5EncoderModel
    shape = {"real": {"vocab_size": 32128}, "small": {"d_model": 128, "d_kv": 32, "d_ff": 256, "num_layers": 2, "num_heads": 4, "vocab_size": 1000},
             "tiny": {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "vocab_size": 100}}[size]
    config = T5Config(feed_forward_proj="gated-gelu", **shape)
    module = settle(Outputs(T5EncoderModel(config).encoder, t5_unmasked))
    length = {"real": 128, "small": 32, "tiny": 8}[size]
    # Several texts at once, all of one length: lengths that vary would have the buckets of distances computed in float16, where whole numbers come out
    # just below themselves and are rounded down.
    texts = tokens(4, length, config.vocab_size)
    cases = [Case({"ids": ids}) for ids in (texts[0], np.concatenate(texts[1:3]), texts[3])]
    flexible = (ct.RangeDim(1, 4, default=1), length)
    return Network(module, ["hidden"], cases, inputs=[ct.TensorType("ids", flexible, np.int32)])


class WithStates(nn.Module):
    """GPT-2 with the keys and values of earlier tokens in buffers that are written in place: what Core ML keeps as states.

    Takes new tokens [1, new] and a mask [1, 1, new, end], whose last size says how many tokens there are by then."""

    def __init__(self, model, context):
        super().__init__()
        config = model.config
        self.model, self.heads = model.transformer, config.n_head
        shape = (config.n_layer, 1, config.n_head, context, config.n_embd // config.n_head)
        self.register_buffer("keys", torch.zeros(shape))
        self.register_buffer("values", torch.zeros(shape))

    def forward(self, ids, mask):
        end = mask.shape[-1]
        begin = end - ids.shape[-1]
        x = self.model.wte(ids) + self.model.wpe.weight[begin:end]
        apart = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        for index, block in enumerate(self.model.h):
            query, key, value = (apart(y) for y in block.attn.c_attn(block.ln_1(x)).chunk(3, -1))
            self.keys[index, :, :, begin:end] = key
            self.values[index, :, :, begin:end] = value
            seen = nn.functional.scaled_dot_product_attention(query, self.keys[index, :, :, :end], self.values[index, :, :, :end], attn_mask=mask)
            x = x + block.attn.c_proj(seen.transpose(1, 2).flatten(2))
            x = x + block.mlp(block.ln_2(x))
        return self.model.ln_f(x) @ self.model.wte.weight.T


@network
def gpt2_states(size):
    """A sequence in steps of several tokens and of one; torch computes it without any cache, from all tokens up to each step."""
    model = gpt2_model(size)
    context = model.config.n_positions if size != "real" else 256
    everything = settle(Outputs(model, lambda m, ids: m(input_ids=ids, use_cache=False, return_dict=False)[0]))
    sequence = tokens(1, 12, model.config.vocab_size)[0]
    cases, begin = [], 0
    for end in (5, 6, 7, 10, 11, 12):
        new = end - begin
        mask = np.triu(np.full((new, end), -1e4, np.float32), begin + 1)[None, None]
        cases.append(Case({"ids": sequence[:, begin:end], "mask": mask}, (torch.from_numpy(sequence[:, :end]),)))
        begin = end

    def newest(case, logits):
        return {"logits": logits[:, -case.inputs["ids"].shape[1]:].numpy()}

    new, end = (ct.RangeDim(1, context, default=1) for _ in range(2))
    states = WithStates(model, context)
    state = lambda name: ct.StateType(wrapped_type=ct.TensorType(shape=tuple(states.keys.shape), dtype=np.float16), name=name)
    return Network(everything, ["logits"], cases, inputs=[ct.TensorType("ids", (1, new), np.int32), ct.TensorType("mask", (1, 1, new, end), np.float16)],
                   traced=states.eval(), states=[state("keys"), state("values")], minimum=ct.target.iOS18, expected=newest)
