import Formats
import SAE

extension SparseDictionary {
  /// The ledger as a JSON array of objects with `subject`, `statement` and `source`.
  package var ledgerJSON: String {
    JSONValue.array(
      ledger.map { entry in
        .object([
          .init("subject", .string(entry.subject)),
          .init("statement", .string(entry.statement)),
          .init("source", .string(entry.source.description)),
        ])
      }
    ).serialised(pretty: false)
  }
}
