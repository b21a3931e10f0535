// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One surface with all its inputs.
struct Run {
    private let name: SurfaceName
    private let inputs: Int
    private var accepted = 0
    private var duration = Duration.zero

    /// Seconds after which an input counts as a hang, and SIGALRM ends the process.
    private static let patience: UInt32 = 60

    /// Feeds the inputs one after the other.
    init(_ name: SurfaceName, inputs: Int, seed: UInt64, seeds: [[UInt8]], file: InputFile) async throws {
        self.name = name
        self.inputs = inputs
        var surface = try name.surface()
        let mutator = Mutator(seeds: seeds, surface: surface, seed: seed)
        let start = ContinuousClock.now
        for number in 0..<inputs {
            let input = mutator.input(number)
            file.record(input, surface: name.rawValue)
            alarm(Self.patience)
            do {
                if try await surface.feed(input) { accepted += 1 }
            } catch {
                throw Violation(description: "\(name.rawValue), input \(number) in \(file.path): \(error)")
            }
        }
        alarm(0)
        duration = ContinuousClock.now - start
        // Inputs that all end in the same way say nothing about the other one.
        if inputs >= 1_000 {
            try require(accepted * 50 > inputs, "\(name.rawValue): hardly any input is accepted: \(accepted)")
            try require((inputs - accepted) * 50 > inputs, "\(name.rawValue): hardly any is refused")
        }
    }

    static let title = row(["surface", "inputs", "accepted", "refused", "inputs/s"])

    /// The counts, for a table below ``title``.
    var line: String {
        let seconds = duration / .seconds(1)
        let rate = seconds > 0 ? Int(Double(inputs) / seconds) : 0
        return Self.row([name.rawValue, "\(inputs)", "\(accepted)", "\(inputs - accepted)", "\(rate)"])
    }

    private static func row(_ cells: [String]) -> String {
        let widths = [16, 9, 9, 9, 10]
        return zip(cells, widths).enumerated().map { column, cell in
            let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return column == 0 ? cell.0 + padding : padding + cell.0
        }.joined(separator: " ")
    }
}
