"""The DeepSeek-R1 dictionaries of qresearch: two linear layers in bfloat16."""

import numpy as np

import common

options = common.arguments(seed=2)
for generator in common.attempts(options.seed):
    arrays = [common.BFloat16(a)
              for a in common.dense(generator, options.width, options.features)]
    encoder, decoder, encoder_bias, decoder_bias = [a.floats().astype(float) for a in arrays]
    x = common.rows(generator, options.rows, options.width)
    pre = x.astype(float) @ encoder.T + encoder_bias
    if common.margin(pre) > common.MARGIN:
        break
features = np.maximum(pre, 0)
decoded = features @ decoder.T + decoder_bias
names = ["encoder.weight", "decoder.weight", "encoder.bias", "decoder.bias"]
common.write_case(
    "deepseek_r1", "bf16",
    {"DeepSeek-R1-SAE-l19.pt": common.torch_file(dict(zip(names, arrays)))}, x, features, decoded,
    "DeepSeek-R1 (qresearch): ReLU, nothing subtracted, bfloat16; the layout is named, as the keys"
    " are dictionary_learning's too",
    options={"format": "deepseek-r1"})
