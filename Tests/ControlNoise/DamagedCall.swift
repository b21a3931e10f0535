// SPDX-License-Identifier: Apache-2.0

/// Calls as no client should send them: whole ones, and such as somebody has cut, doubled or scribbled on.
package enum DamagedCall {
    private static let corpus = [
        #"{"method":"io.neti.Control.GetStatus"}"#,
        #"{"method":"io.neti.Control.ListInstances","parameters":{}}"#,
        #"{"method":"io.neti.Control.ListHooks","parameters":{"instance":"blue"}}"#,
        #"{"method":"io.neti.Control.ListKstats","more":true,"parameters":{"instance":0,"module":"inet","netid":1}}"#,
        #"{"method":"io.neti.Control.SetLogLevel","oneway":true,"parameters":{"level":"warning"}}"#,
        #"{"method":"io.neti.Control.Monitor","more":true,"parameters":{"instance":"a","kinds":["nic","kstat"]}}"#,
        #"{"method":"io.neti.Control.Inject","parameters":{"instance":"blue","packets":["45","60"],"style":"queueIn"}}"#,
        #"{"method":"io.neti.Control.Capture","more":true,"parameters":{"instance":"a","verdicts":["pass"]}}"#,
        #"{"method":"io.neti.Control.GetMetrics","parameters":{}}"#,
        #"{"method":"io.neti.Control.ChangeHook","parameters":{"instance":"a","hook":"b","values":{"c":"d"}}}"#,
        #"{"method":"io.neti.Control.AddHook","parameters":{"instance":"a","hook":"b","module":"ipf","events":[]}}"#,
        #"{"method":"io.neti.Control.MoveHook","parameters":{"instance":"a","hook":"b","hint":"first","save":true}}"#,
        #"{"method":"io.neti.Control.ConfirmReload"}"#,
        #"{"method":"org.varlink.service.GetInfo","upgrade":false,"parameters":null}"#,
        #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.neti.Control"}}"#,
        #"{"method":"\u0069o.neti.Control.ListHooks","parameters":{"instance":"\ud83d\ude00\u0000"}}"#,
    ].map { Array($0.utf8) }

    /// What changes the shape of a message rather than one letter.
    private static let pieces = [
        "\0", "\"", "\\", "\\u", "\\ud800", "{", "}", "[", "]", ":", ",", "null", "true", "-", "1e999", "0.1",
        "18446744073709551616", "\"method\":", "\"parameters\":", "\"oneway\":true,", "\u{feff}", "{\"\":0},",
    ].map { Array($0.utf8) }

    /// One call with the NUL at its end, the same for the same seed. It may hold more of them.
    package static func bytes(seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var bytes = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = Int.random(in: place..<min(bytes.count, place + 12), using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place...end)
            case 2: bytes.removeLast(bytes.count - place)
            case 3: bytes.insert(contentsOf: bytes[place...end], at: Int.random(in: 0..<bytes.count, using: &random))
            case 4: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
            default: bytes.replaceSubrange(place...end, with: pieces.randomElement(using: &random) ?? [])
            }
        }
        return bytes + [0]
    }

    /// The same as messages, each with its NUL: one that was damaged may have become several.
    package static func messages(seed: UInt64) -> [[UInt8]] {
        bytes(seed: seed).split(separator: 0, omittingEmptySubsequences: false).dropLast().map { $0 + [0] }
    }
}
