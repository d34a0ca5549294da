import CSteering
import SAE
import Watermark

extension SparseDictionary.Kind {
  /// The STEER_KIND_ constant.
  var code: Int32 {
    switch self {
    case .autoencoder: Int32(STEER_KIND_AUTOENCODER)
    case .transcoder: Int32(STEER_KIND_TRANSCODER)
    }
  }
}

extension ActivationFunction {
  /// The STEER_ACTIVATION_ constant.
  var code: Int32 {
    switch self {
    case .relu: Int32(STEER_ACTIVATION_RELU)
    case .jumpReLU: Int32(STEER_ACTIVATION_JUMP_RELU)
    case .topK: Int32(STEER_ACTIVATION_TOP_K)
    case .batchTopK: Int32(STEER_ACTIVATION_BATCH_TOP_K)
    case .absTopK: Int32(STEER_ACTIVATION_ABS_TOP_K)
    case .gated: Int32(STEER_ACTIVATION_GATED)
    case .signedTopK: Int32(STEER_ACTIVATION_SIGNED_TOP_K)
    case .groupMax: Int32(STEER_ACTIVATION_GROUP_MAX)
    case .biJumpReLU: Int32(STEER_ACTIVATION_BI_JUMP_RELU)
    case .blockTopK: Int32(STEER_ACTIVATION_BLOCK_TOP_K)
    case .matchingPursuit: Int32(STEER_ACTIVATION_MATCHING_PURSUIT)
    }
  }

  /// The STEER_SELECT_ constant; that of thresholds, without meaning, where the arrays have none.
  var selectionCode: Int32 {
    switch self {
    case .relu, .jumpReLU, .batchTopK, .groupMax, .biJumpReLU, .blockTopK, .matchingPursuit:
      Int32(STEER_SELECT_THRESHOLD)
    case .gated: Int32(STEER_SELECT_GATE)
    case .topK: Int32(STEER_SELECT_TOP_K)
    case .absTopK: Int32(STEER_SELECT_ABS_TOP_K)
    case .signedTopK: Int32(STEER_SELECT_SIGNED_TOP_K)
    }
  }
}

extension Normalisation {
  /// The STEER_NORMALISATION_ constant.
  var code: Int32 {
    switch self {
    case .none: Int32(STEER_NORMALISATION_NONE)
    case .constantFactor: Int32(STEER_NORMALISATION_CONSTANT)
    case .rootWidthOverNorm: Int32(STEER_NORMALISATION_ROOT_WIDTH)
    case .layerNorm: Int32(STEER_NORMALISATION_LAYER_NORM)
    }
  }

  /// The number that belongs to it, 0 for none.
  var value: Float {
    switch self {
    case .none, .rootWidthOverNorm: 0
    case .constantFactor(let value), .layerNorm(let value): value
    }
  }
}

extension DocumentScheme {
  /// The STEER_DOCUMENT_ constant.
  var code: Int32 {
    switch self {
    case .given: Int32(STEER_DOCUMENT_GIVEN)
    case .prompt: Int32(STEER_DOCUMENT_PROMPT)
    case .window: Int32(STEER_DOCUMENT_WINDOW)
    case .constant: Int32(STEER_DOCUMENT_CONSTANT)
    }
  }
}

/// The STEER_SITE_ constant.
func siteCode(_ site: Tap.Place.Site?) -> Int32 {
  switch site {
  // Places beside the residual stream have no number in the C interface.
  case nil, .embedding, .attentionHeads, .attentionRawOut, .mlpNormalised, .mlpInput, .mlpRawOut:
    Int32(STEER_SITE_UNKNOWN)
  case .residualPre: Int32(STEER_SITE_RESIDUAL_PRE)
  case .residualMid: Int32(STEER_SITE_RESIDUAL_MID)
  case .residualPost: Int32(STEER_SITE_RESIDUAL_POST)
  case .attentionOut: Int32(STEER_SITE_ATTENTION_OUT)
  case .mlpOut: Int32(STEER_SITE_MLP_OUT)
  }
}
