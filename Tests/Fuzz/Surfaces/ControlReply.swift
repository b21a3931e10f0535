// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// What a daemon sends, as the client reads it: every reply as the answer to every method.
struct ControlReply: Surface {
    var isText: Bool { true }

    var words: [[UInt8]] {
        ControlWords.json
            + [
                #""parameters":{"#, #""error":"io.neti.Control.Failed","#, #""continues":true,"#, #""hooks":["#,
                #""kstats":["#, #""status":{"#, #""instances":["#, #""hint":"after","#, #""type":"uint64","#,
                #""event":{"time":1,"#, #""nic":{"#, #""notification":{"#, #""kstat":{"#, #""lost":1"#,
                #""state":"up""#, #""refusals":["#, #""accepted":1"#, #""text":"a 1\n""#,
                #""file":{"path":"/a","old":"","new":"\n"}"#, #""saved":false"#,
            ].map { Array($0.utf8) }
    }

    func feed(_ input: [UInt8]) throws -> Bool {
        guard (try? Message.header(Message.ReplyHeader.self, of: input)) != nil else { return false }
        var isRead = try read(GetStatus.self, input)
        isRead = try read(ListInstances.self, input) || isRead
        isRead = try read(ListHooks.self, input) || isRead
        isRead = try read(ListKstats.self, input) || isRead
        isRead = try read(Capture.self, input) || isRead
        isRead = try read(GetMetrics.self, input) || isRead
        isRead = try read(AddHook.self, input) || isRead
        isRead = try read(Inject.self, input) || isRead
        isRead = try read(Monitor.self, input) || isRead
        isRead = try read(GetInfo.self, input) || isRead
        return try read(GetInterfaceDescription.self, input) || isRead
    }

    /// Whether it is an answer to this method; written again, it is the same answer.
    private func read<Method: ControlMethod>(_: Method.Type, _ input: [UInt8]) throws -> Bool
    where Method.Reply: Equatable {
        guard let value: Method.Reply = try? Message.parameters(ofReply: input) else { return false }
        let written = try Message.reply(value)
        try require(written.firstIndex(of: 0) == written.count - 1, "not the only null byte is at the end")
        let again: Method.Reply = try Message.parameters(ofReply: written.dropLast())
        try require(again == value, "\(value) is written as \(again)")
        return true
    }
}
