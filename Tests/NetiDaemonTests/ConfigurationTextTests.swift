// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetiDaemon
import SystemPackage
import Testing

/// Files that aren't even text, and hostile ones.
struct ConfigurationTextTests {
    @Test(arguments: [
        ([UInt8]("a = 1\n# \0".utf8), "neti.toml:2:3: contains a null byte"),
        (Array("a = 1\n\nb = \"".utf8) + [0xC3, 0x28], "neti.toml:3:6: isn't UTF-8"),
        (Array("[daemon]\n\ncontrol-group = \"a\\u0000b\"".utf8), "neti.toml:3:19: contains an escaped null"),
        ([UInt8](repeating: UInt8(ascii: "\n"), count: 1_048_577), "neti.toml: longer than 1048576 bytes"),
    ])
    func filesThatAreNotText(bytes: [UInt8], complaint: String) throws {
        #expect(try ConfigurationFixture(bytes: bytes).complaints() == [complaint])
    }

    @Test(arguments: [("/nowhere/neti.toml", "No such file or directory"), ("/tmp", "Is a directory")])
    func filesThatCannotBeRead(path: String, reason: String) {
        #expect(throws: ConfigurationError.self) { try Configuration.load(path: path, modules: testModules) }
        do throws(ConfigurationError) {
            _ = try Configuration.load(path: path, modules: testModules)
        } catch {
            #expect(error.description == "\(path): can't read: \(reason)")
        }
    }

    /// A FIFO that nobody writes to must not make the daemon wait.
    @Test func fifoDoesNotBlock() throws {
        var directory = try TemporaryDirectory()
        let path = directory.expect("fifo").string
        #expect(unsafe mkfifo(path, 0o600) == 0)
        #expect(try Configuration.load(path: path, modules: testModules) == Configuration())
    }

    @Test func deepNestingIsRefused() throws {
        let deep = "a = " + String(repeating: "[", count: 20_000) + String(repeating: "]", count: 20_000)
        #expect(try complaints(about: deep).first?.hasPrefix("neti.toml:1:") == true)
    }

    @Test(arguments: 0..<8)
    func mutatedSamplesNeverCrash(seed: UInt64) throws {
        let sample = try contents(of: ConfigurationTests.samples.appending("neti.toml"))
        // Without comments nearly every byte counts.
        let dense = String(decoding: sample, as: UTF8.self).split(separator: "\n")
            .map { $0.prefix { $0 != "#" } }.joined(separator: "\n")
        let seeds = [sample, Array(dense.utf8)]
        var random = SplitMix64(state: seed)
        var refused = 0
        for _ in 0..<250 {
            var text = seeds[Int.random(in: 0...1, using: &random)]
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&text, &random) }
            let complaints = try ConfigurationFixture(bytes: text).complaints()
            refused += complaints.isEmpty ? 0 : 1
            #expect(Set(complaints).count == complaints.count, "something is told twice: \(complaints)")
        }
        #expect(refused > 25, "the mutations change nothing")
    }

    @Test func truncatedSampleNeverCrashes() throws {
        let sample = try contents(of: ConfigurationTests.samples.appending("neti.toml"))
        for length in stride(from: 0, to: sample.count, by: 7) {
            _ = try ConfigurationFixture(bytes: Array(sample[..<length])).complaints()
        }
    }

    private func mutate(_ text: inout [UInt8], _ random: inout SplitMix64) {
        let pieces = [
            "[", "]", "[[", "]]", "{", "}", "\"", "'", "\"\"\"", "=", ".", ",", "\n", "#", "\\", "\\u0000",
            "\\UFFFFFFFF",
            "-1", "1e9", "true", "99999999999", "inf", "1979-05-27", "[[instance]]\n", "[daemon]\n", "name", "hook",
            "netns = \"*\"\n", "\0", "\u{FEFF}", "\r", "\n[=", "= [ }", "= 1979-05-27 1\n", "= 1979-05-27Tx",
        ]
        guard !text.isEmpty else { return }
        let place = Int.random(in: text.indices, using: &random)
        let end = min(text.count, place + Int.random(in: 0...20, using: &random))
        switch Int.random(in: 0..<5, using: &random) {
        case 0: text[place] = .random(in: 0...255, using: &random)
        case 1: text.removeSubrange(place..<end)
        case 2: text.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").utf8, at: place)
        case 3: text.replaceSubrange(place..<end, with: (pieces.randomElement(using: &random) ?? "").utf8)
        default: text.insert(contentsOf: Array(text[place..<end]), at: Int.random(in: text.indices, using: &random))
        }
    }
}

/// Random numbers that are the same in every run (Steele, Lea and Flood, 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
