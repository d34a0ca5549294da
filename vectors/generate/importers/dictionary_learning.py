"""dictionary_learning beyond its final files: checkpoints in other units, and a file without config."""

import collections
import json

import numpy as np

import common

options = common.arguments(seed=6)
FACTOR = 7.5


def trainer(name, **fields):
    return {"dict_class": name, "trainer_class": "Trainer", "activation_dim": options.width,
            "dict_size": options.features, "layer": 3, "lm_name": "EleutherAI/pythia-70m-deduped",
            "submodule_name": "resid_post_layer_3", "steps": 10, "lr": 1e-4, "seed": 0,
            "device": "cuda:0", **fields}


def checkpoint(state, config):
    moments = {0: {"step": np.float32(4), "exp_avg": np.zeros(3, np.float32)}}
    return common.torch_file({
        "step": 4, "ae": collections.OrderedDict(state),
        "optimizer": {"state": moments, "param_groups": [{"lr": 1e-4, "params": [0, 1]}]},
        "config": config, "norm_factor": FACTOR})


def arrays(generator):
    encoder, decoder, encoder_bias, decoder_bias = common.dense(
        generator, options.width, options.features)
    decoder /= np.linalg.norm(decoder, axis=0, keepdims=True)
    return encoder, decoder, encoder_bias, decoder_bias


# In training rows were divided by FACTOR; the biases and the threshold are in those units.
threshold = np.float32(0.4)
for generator in common.attempts(options.seed):
    encoder, decoder, encoder_bias, decoder_bias = arrays(generator)
    x = common.rows(generator, options.rows, options.width)
    pre = (x / FACTOR - decoder_bias) @ encoder.T.astype(float) + encoder_bias
    if common.margin(pre, threshold=threshold) > common.MARGIN:
        break
features = np.where(pre > threshold, pre, 0) * FACTOR
decoded = features @ decoder.T.astype(float) + decoder_bias * FACTOR
state = {"b_dec": decoder_bias, "k": np.array(7, "<i4"), "threshold": np.array(threshold, "<f4"),
         "decoder.weight": decoder, "encoder.weight": encoder, "encoder.bias": encoder_bias}
common.write_case(
    "dictionary_learning", "batchtopk-checkpoint",
    {"ae.pt": checkpoint(state, trainer("BatchTopKSAE", k=7))}, x, features, decoded,
    "a checkpoint of training on rows divided by norm_factor, which the final file would fold")

for generator in common.attempts(options.seed + 1):
    encoder, decoder, gate_bias, decoder_bias = arrays(generator)
    r_mag = (0.2 * generator.standard_normal(options.features)).astype(np.float32)
    mag_bias = (0.3 * generator.standard_normal(options.features)).astype(np.float32)
    x = common.rows(generator, options.rows, options.width)
    shared = (x / FACTOR - decoder_bias) @ encoder.T.astype(float)
    gate = shared + gate_bias
    magnitude = shared * np.exp(r_mag.astype(float)) + mag_bias
    if min(common.margin(gate), common.margin(magnitude)) > common.MARGIN:
        break
features = np.where(gate > 0, np.maximum(magnitude, 0), 0) * FACTOR
decoded = features @ decoder.T.astype(float) + decoder_bias * FACTOR
state = {"decoder_bias": decoder_bias, "r_mag": r_mag, "gate_bias": gate_bias,
         "mag_bias": mag_bias, "encoder.weight": encoder, "decoder.weight": decoder}
config = {"trainer": trainer("GatedAutoEncoder", l1_penalty=0.1), "buffer": {"ctx_len": 128}}
common.write_case(
    "dictionary_learning", "gated-checkpoint",
    {"ae.pt": checkpoint(state, config["trainer"]), "config.json": json.dumps(config).encode()},
    x, features, decoded, "a gated checkpoint: gate and magnitude biases are in training's units")

k = 7
for generator in common.attempts(options.seed + 2):
    encoder, decoder, encoder_bias, decoder_bias = arrays(generator)
    x = common.rows(generator, options.rows, options.width)
    pre = (x.astype(float) - decoder_bias) @ encoder.T.astype(float) + encoder_bias
    if common.margin(pre, k) > common.MARGIN:
        break
features = common.top(np.maximum(pre, 0), k)
decoded = features @ decoder.T.astype(float) + decoder_bias
state = {"b_dec": decoder_bias, "k": np.array(k, "<i8"), "threshold": np.array(-1, "<f4"),
         "decoder.weight": decoder, "encoder.weight": encoder, "encoder.bias": encoder_bias}
common.write_case(
    "dictionary_learning", "topk-without-config", {"ae_100.pt": common.torch_file(state)},
    x, features, decoded,
    "without config.json the tensors fit AutoEncoderTopK and BatchTopKSAE: the caller says which",
    options={"architecture": "AutoEncoderTopK"})
