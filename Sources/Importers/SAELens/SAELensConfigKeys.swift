/// The configuration keys of SAELens, sorted by what they mean here.
///
/// A key in none of these lists is an error: a setting that nothing interprets could change what the
/// numbers mean. Current files keep the library's own fields at the top and everything about the model
/// and the data under `metadata`, which the library leaves open. Legacy files (before 6.0) are flat and
/// mix in the settings of the training run.
enum SAELensConfigKeys {
  /// Fields of every current configuration.
  static let common = [
    "architecture", "d_in", "d_sae", "dtype", "device", "apply_b_dec_to_input",
    "normalize_activations", "reshape_activations", "metadata", "sae_lens_version",
  ]

  /// Fields that belong to some architectures only.
  static func extra(_ architecture: SAELensArchitecture) -> [String] {
    switch architecture {
    case .topk, .abstopk: ["k", "rescale_acts_by_decoder_norm"]
    case .transcoder, .skipTranscoder, .jumpreluTranscoder, .jumpreluSkipTranscoder: ["d_out"]
    case .matchingPursuit: ["residual_threshold", "max_iterations", "stop_on_duplicate_support"]
    case .standard, .gated, .jumprelu: []
    }
  }

  /// Fields of a flat legacy file that decide how it is run.
  static let legacy = [
    "architecture", "d_in", "d_sae", "d_out", "dtype", "device", "apply_b_dec_to_input",
    "normalize_activations", "reshape_activations", "activation_fn", "activation_fn_str",
    "activation_fn_kwargs", "finetuning_scaling_factor", "sae_lens_version",
    "sae_lens_training_version", "k", "rescale_acts_by_decoder_norm", "metadata",
  ]

  /// Fields of a flat legacy file that describe the model and the data.
  static let legacyMetadata = [
    "model_name", "model_class_name", "hook_name", "hook_point", "hook_layer", "hook_point_layer",
    "hook_head_index", "hook_point_head_index", "hook_name_out", "hook_layer_out",
    "hook_head_index_out", "hf_hook_name", "hf_hook_name_out", "model_from_pretrained_kwargs",
    "prepend_bos", "exclude_special_tokens", "neuronpedia_id", "context_size", "seqpos_slice",
    "dataset_path", "dataset_trust_remote_code",
  ]

  /// Settings of training runs that legacy files carry along; none of them matters for inference.
  static let legacyTraining = [
    "act_store_device", "adam_beta1", "adam_beta2", "autocast", "autocast_lm", "b_dec_init_method",
    "buffer_size", "cached_activations_path", "checkpoint_path", "compile_llm", "compile_sae",
    "compile_model", "d_head", "dead_feature_estimation_method", "dead_feature_threshold",
    "dead_feature_window", "dead_feature_frequency", "decoder_heuristic_init",
    "decoder_heuristic_init_norm", "decoder_orthogonal_init", "eval_batch_size_prompts",
    "eval_every_n_wandb_logs", "expansion_factor", "exclude_bos", "feature_reinit_scale",
    "feature_resampling_method", "feature_sampling_method", "feature_sampling_window",
    "finetuning_method", "finetuning_tokens", "from_pretrained_path", "ghost_grads_loss_scale",
    "gated", "hook_point_out", "hook_point_layer_out", "init_encoder_as_decoder_transpose",
    "is_dataset_tokenized", "jumprelu_bandwidth", "jumprelu_init_threshold", "l0_lambda",
    "l1_coefficient", "l1_loss_wd_norm", "l1_warm_up_steps", "llm_compilation_mode",
    "log_activations_store_to_wandb", "log_optimizer_state_to_wandb", "log_to_wandb", "lp_norm",
    "lr", "lr_decay_steps", "lr_end", "lr_scheduler_name", "lr_warm_up_steps", "min_l1_coefficient",
    "model_kwargs", "mse_loss_normalization", "n_batches_in_buffer", "n_batches_in_store_buffer",
    "n_checkpoints", "n_eval_batches", "n_eval_seqs", "n_restart_cycles", "name", "noise_factor",
    "normalize_sae_decoder", "prepend_bos_token", "resample_batches", "run_name",
    "sae_compilation_mode", "save_format", "scale_sparsity_penalty_by_decoder_norm", "seed",
    "sparsity_penalty_warm_up_steps", "store_batch_size", "store_batch_size_prompts", "streaming",
    "tokens_per_buffer", "tokens_per_eval", "total_training_steps", "total_training_tokens",
    "train_batch_size", "train_batch_size_tokens", "training_tokens", "type",
    "use_cached_activations",
    "use_eindex", "use_ghost_grads", "use_sparse_activations", "use_transcoder", "verbose",
    "wandb_entity", "wandb_id", "wandb_log_frequency", "wandb_name", "wandb_notes", "wandb_project",
  ]
}
