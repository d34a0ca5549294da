import Formats
import Importers
import SAE
import Steering

/// `steerctl convert --accelerate` of a native dictionary: a file more beside its weights.
extension Convert {
  func accelerateInPlace() throws {
    let folder = try dictionary.reading.location(path)
    let progress = Progress("accelerating")
    let made = try SparseDictionary.accelerate(
      folder, options: dictionary.importOptions, kernels: try KernelChoice.current(),
      progress: progress.update)
    progress.clear()
    // Opening it checks what was written against the weights.
    let dictionary = try self.dictionary.open(path)
    let file = dictionary.files.last ?? folder
    guard !json else {
      JSONValue.object([
        .init("dictionary", .string(dictionary.name)), .init("file", .string(file)),
        .init("bytes", .int(made.file.byteCount)), .init("mean_loss", .real(made.meanLoss)),
      ]).show()
      return
    }
    var report = Report()
    report.title("accelerate · \(dictionary.summary)")
    report.field("accelerator", made.text)
    report.line()
    report.field("wrote", "\(file) (\(Figures.bytes(made.file.byteCount)))")
    if let line = OutputPath.line(["steerctl", "inspect", OutputPath.argument(folder)]) {
      report.field("run", line)
    }
    report.show()
  }
}

extension ExportReport.Accelerator {
  var text: String { "int8 rows, loses \(Figures.fixed(100 * meanLoss, 2)) % of a row's length" }

  var json: JSONValue {
    .object([.init("bytes", .int(file.byteCount)), .init("mean_loss", .real(meanLoss))])
  }
}
