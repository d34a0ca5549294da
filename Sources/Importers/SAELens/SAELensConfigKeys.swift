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

  /// Settings of training that `save_model` of a training run writes among the fields of a current
  /// configuration; none of them matters for inference.
  static let currentTraining = [
    "decoder_init_norm", "l1_coefficient", "lp_norm", "l1_warm_up_steps", "use_sparse_activations",
    "aux_loss_coefficient", "jumprelu_init_threshold", "jumprelu_bandwidth",
    "jumprelu_sparsity_loss_mode", "l0_coefficient", "l0_warm_up_steps",
    "pre_act_loss_coefficient", "jumprelu_tanh_scale", "jumprelu_ste_to_input", "target_l0",
  ]

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
    "act_store_device", "activations_mixing_fraction", "adam_beta1", "adam_beta2", "autocast",
    "autocast_lm", "aux_loss_coefficient", "b_dec_init_method", "buffer_size",
    "cached_activations_path", "checkpoint_path", "compile_llm", "compile_model", "compile_sae",
    "d_head", "dead_feature_estimation_method", "dead_feature_frequency", "dead_feature_threshold",
    "dead_feature_window", "decoder_heuristic_init", "decoder_heuristic_init_norm",
    "decoder_init_norm", "decoder_orthogonal_init", "disable_concat_sequences",
    "eval_batch_size_prompts", "eval_every_n_wandb_logs", "exclude_bos", "expansion_factor",
    "feature_reinit_scale", "feature_resampling_method", "feature_sampling_method",
    "feature_sampling_window", "finetuning_method", "finetuning_tokens", "from_pretrained_path",
    "gated", "ghost_grads_loss_scale", "hook_eval", "hook_point_eval", "hook_point_layer_out",
    "hook_point_out", "init_encoder_as_decoder_transpose", "is_dataset_tokenized",
    "jumprelu_bandwidth", "jumprelu_init_threshold", "jumprelu_sparsity_loss_mode",
    "jumprelu_tanh_scale", "l0_coefficient", "l0_lambda", "l0_warm_up_steps", "l1_coefficient",
    "l1_loss_wd_norm", "l1_warm_up_steps", "llm_compilation_mode", "llm_device",
    "log_activations_store_to_wandb", "log_optimizer_state_to_wandb", "log_to_wandb",
    "log_weights_to_wandb", "logger", "lp_norm", "lr", "lr_decay_steps", "lr_end",
    "lr_scheduler_name", "lr_warm_up_steps", "min_l1_coefficient", "model_kwargs",
    "mse_loss_normalization", "n_batches_for_norm_estimate", "n_batches_in_buffer",
    "n_batches_in_store_buffer", "n_checkpoints", "n_eval_batches", "n_eval_seqs",
    "n_restart_cycles", "name", "noise_factor", "normalize_sae_decoder", "output_path",
    "pre_act_loss_coefficient", "prefetch_llm_batches", "prepend_bos_token", "resample_batches",
    "resume", "resume_from_checkpoint", "run_name", "sae_compilation_mode", "save_final_checkpoint",
    "save_format", "scale_sparsity_penalty_by_decoder_norm", "seed", "sequence_separator_token",
    "sparsity_penalty_warm_up_steps", "store_batch_size", "store_batch_size_prompts", "streaming",
    "target_l0", "tokens_per_buffer", "tokens_per_eval", "total_training_steps",
    "total_training_tokens", "train_batch_size", "train_batch_size_tokens", "training_tokens",
    "type", "use_cached_activations", "use_chat_formatting", "use_eindex", "use_ghost_grads",
    "use_sparse_activations", "use_transcoder", "verbose", "wandb_entity", "wandb_id",
    "wandb_log_frequency", "wandb_name", "wandb_notes", "wandb_project",
  ]
}
