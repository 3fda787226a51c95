"""Encoders of sound, and of images beside texts."""
import numpy as np
import torch
from network import Case, Network, Outputs, half, network, photographs, settle, tokens


@network
def whisper_encoder(size):
    from transformers import WhisperConfig, WhisperModel
    width, layers, heads, frames = {"real": (384, 4, 6, 1500), "small": (128, 2, 4, 100), "tiny": (32, 1, 2, 16)}[size]
    config = WhisperConfig(d_model=width, encoder_layers=layers, encoder_attention_heads=heads, encoder_ffn_dim=4 * width, decoder_layers=1, decoder_attention_heads=heads,
                           decoder_ffn_dim=width, max_source_positions=frames, num_mel_bins=16 if size == "tiny" else 80, vocab_size=100, pad_token_id=0, bos_token_id=1,
                           eos_token_id=2, decoder_start_token_id=1, init_std=0.05)
    module = settle(Outputs(WhisperModel(config).encoder, lambda m, x: m(x, return_dict=False)[0]))
    rng = np.random.default_rng(5)
    return Network(module, ["states"], [Case({"features": half(rng.standard_normal((1, config.num_mel_bins, 2 * frames)) * loudness)}) for loudness in (0.3, 1, 2)])


@network
def clip(size):
    """Both towers of CLIP, and how well the image fits each of four texts."""
    from transformers import CLIPConfig, CLIPModel
    real = size == "real"
    width, layers, heads, image = {"real": (None, None, None, 224), "small": (128, 2, 4, 64), "tiny": (32, 1, 2, 32)}[size]
    shape = {} if real else {"hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers, "num_attention_heads": heads}
    words = {} if real else {"vocab_size": 100 if size == "tiny" else 1000, "eos_token_id": 99 if size == "tiny" else 999, "max_position_embeddings": 16}
    sight = {} if real else {"image_size": image, "patch_size": 16}
    config = CLIPConfig(text_config={**shape, **words}, vision_config={**shape, **sight}, projection_dim=512 if real else width)
    # Embeddings are found at the end token, the last one of each text.
    last = config.text_config.eos_token_id
    length = 77 if real else 16
    words = tokens(12, length, min(last, config.text_config.vocab_size) - 1, seed=6)
    texts = [np.concatenate(words[first:first + 4]) for first in (0, 4, 8)]
    for text in texts:
        text[:, -1] = last

    def pick(model, image, text):
        out = model(input_ids=text, pixel_values=image, return_dict=True)
        return out.image_embeds, out.text_embeds, out.logits_per_image

    module = settle(Outputs(CLIPModel(config), pick))
    return Network(module, ["image_embeds", "text_embeds", "fit"], [Case({"image": x, "text": t}) for x, t in zip(photographs(3, image), texts)])
