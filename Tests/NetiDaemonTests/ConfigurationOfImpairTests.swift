// SPDX-License-Identifier: Apache-2.0

import NetiDaemon
import NetiLinux
import SystemPackage
import Testing

/// What the configuration makes of a module that holds packets and has values of its own.
struct ConfigurationOfImpairTests {
    private func complaints(about text: String) throws -> [String] {
        let fixture = try ConfigurationFixture(text)
        do throws(ConfigurationError) {
            _ = try Configuration.load(path: fixture.path, modules: Daemon.standardModules)
            return []
        } catch {
            return error.diagnostics.map { $0.description.replacing(fixture.directory.string + "/", with: "") }
        }
    }

    private func load(_ text: String) throws -> Configuration {
        let fixture = try ConfigurationFixture(text)
        return try Configuration.load(path: fixture.path, modules: Daemon.standardModules)
    }

    private static let hook = """

        [[instance.hook]]
        name = "slow"
        module = "impair"
        events = ["PHYSICAL_OUT"]
        delay = "50ms"
        match = "proto udp all"

        """

    @Test("Packets of an instance whose hooks hold them come one by one, unless nobody holds any")
    func segmentation() throws {
        let none = "[[instance.hook]]\nname = \"seen\"\nmodule = \"count\"\nevents = [\"PHYSICAL_OUT\"]\n"
        let text =
            "[[instance]]\nname = \"global\"\n\(Self.hook)[[instance]]\nnetns = \"blue\"\n\(none)"
            + "[[instance]]\nnetns = \"red\"\ngso = false\n\(Self.hook)"
        let configuration = try load(text)
        #expect(configuration.instances.map(\.queueing.gso) == [false, true, false])
        #expect(configuration.instances[0].hooks[0].settings == ["delay": "50ms", "match": "proto udp all"])
    }

    @Test func segmentationThatIsAskedForIsRefused() throws {
        #expect(
            try complaints(about: "[[instance]]\nname = \"global\"\ngso = true\n\(Self.hook)") == [
                "neti.toml:3: instance[0].gso: true is impossible with module \"impair\", which holds packets and can't "
                    + "hold a batch of segments; leave it out or write false"
            ])
    }

    @Test("What is wrong with values is told with their lines, together with everything else")
    func values() throws {
        let text = """
            [[instance]]
            name = "global"
            queue = 70000
            [[instance.hook]]
            name = "slow"
            module = "impair"
            events = ["PHYSICAL_OUT"]
            los = "10%"
            delay = "50"
            duplicate = 1
            match = "proto upd"
            """
        #expect(
            try complaints(about: text) == [
                "neti.toml:3: instance[0].queue: expected 0 to 65535, found 70000",
                "neti.toml:8: instance[0].hook[0].los: unknown key; did you mean 'loss'?",
                "neti.toml:9: instance[0].hook[0].delay: expected a time of up to an hour such as \"50ms\" (us, ms or "
                    + "s), found \"50\"",
                "neti.toml:10: instance[0].hook[0].duplicate: expected a string, found an integer",
                "neti.toml:11: instance[0].hook[0].match: column 7: expected a protocol name, a number from 0 to 255 or "
                    + "'tcp/udp', found 'upd'",
            ])
    }

    @Test func eventsThatOnlyShowPacketsAreRefused() throws {
        let text = "[[instance]]\nname = \"global\"\n\(Self.hook)".replacing("PHYSICAL_OUT", with: "OBSERVING")
        #expect(
            try complaints(about: text) == [
                "neti.toml:7: instance[0].hook[0].events: inet/OBSERVING: packets can only be looked at there"
            ])
    }
}
