import Tensors

extension CrossLayerTranscoder {
  /// A linear path from a layer's input to its output, and which way round its matrix is stored.
  ///
  /// The matrix is square in every published set, so that its shape cannot tell; whoever reads the
  /// file has to know.
  package struct Skip: Sendable {
    package enum Orientation: Sendable, Equatable {
      /// `[outputWidth, modelWidth]`: y += W x, that is x Wᵀ on rows (single-layer skip transcoders).
      case outputByInput
      /// `[modelWidth, outputWidth]`: y += Wᵀ x, that is x W on rows (cross-layer transcoders).
      case inputByOutput
    }

    package var matrix: RowMatrix
    package var orientation: Orientation

    package init(_ matrix: RowMatrix, _ orientation: Orientation) {
      self.matrix = matrix
      self.orientation = orientation
    }
  }

  /// What one layer brings, apart from its decoder rows.
  package struct Layer {
    /// Rows `[F, modelWidth]`; F may differ between layers unless the decoder is stored by target.
    package var encoder: EncoderMatrix
    /// `[F]`.
    package var encoderBias: [Float]
    package var activation: ActivationFunction
    /// Of this layer as a target, `[outputWidth]`.
    package var decoderBias: [Float]
    package var skip: Skip?
    /// What is done to the layer's input rows; the output is never taken back by it.
    package var normalisation: Normalisation = .none
    package var input = Tap()
    package var output = Tap()

    package init(
      encoder: EncoderMatrix, encoderBias: [Float], activation: ActivationFunction,
      decoderBias: [Float]
    ) {
      self.encoder = encoder
      self.encoderBias = encoderBias
      self.activation = activation
      self.decoderBias = decoderBias
    }
  }

  /// What an importer hands over.
  package struct Parts {
    package var name: String
    package var layers: [Layer]
    package var decoder: CrossLayerDecoder
    package var ledger: [LedgerEntry] = []
    /// Paths of the files that were read.
    package var files: [String] = []

    package init(name: String, layers: [Layer], decoder: CrossLayerDecoder) {
      self.name = name
      self.layers = layers
      self.decoder = decoder
    }
  }
}
