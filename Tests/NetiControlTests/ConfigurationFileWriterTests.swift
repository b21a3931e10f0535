// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import NetiControl
import SystemPackage
import Testing

@testable import neti_ctl

func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
}

func text(of path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}

/// The configuration file is replaced as a whole, and only if it is what it should be.
struct ConfigurationFileWriterTests {
    private func withFile(_ body: (_ directory: String, _ file: String) throws -> Void) async throws {
        try await withDirectory { directory in
            let file = "\(directory)/neti.toml"
            try write("# old\n", to: file)
            try body(directory, file)
        }
    }

    private func edit(_ file: String, old: String = "# old\n") -> ConfigurationEditing.FileEdit {
        .init(path: file, old: old, new: "# new \u{E9}\n")
    }

    private func error(of edit: ConfigurationEditing.FileEdit, allowed: String) -> FileEditError? {
        do throws(FileEditError) {
            try ConfigurationFileWriter.write(edit, allowed: allowed)
            return nil
        } catch {
            return error
        }
    }

    private func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    @Test func ownerAndModeStay() async throws {
        try await withFile { (directory, file) throws in
            #expect(unsafe chown(file, 12, 34) == 0)
            #expect(unsafe chmod(file, 0o2640) == 0)
            try ConfigurationFileWriter.write(edit(file), allowed: file)
            #expect(try text(of: file) == "# new \u{E9}\n")
            var status = stat()
            #expect(unsafe stat(file, &status) == 0)
            #expect(status.st_uid == 12 && status.st_gid == 34 && status.st_mode == S_IFREG | 0o2640)
            #expect(try names(in: directory) == ["neti.toml"])
        }
    }

    @Test func aFileThatSaysSomethingElseIsLeftAlone() async throws {
        try await withFile { (directory, file) throws in
            #expect(error(of: edit(file, old: "# other\n"), allowed: file) == .changed(path: file))
            #expect(try text(of: file) == "# old\n")
            #expect(try names(in: directory) == ["neti.toml"])
        }
    }

    @Test func aLinkStaysOne() async throws {
        try await withFile { (directory, file) throws in
            let link = "\(directory)/link.toml"
            #expect(unsafe symlink("neti.toml", link) == 0)
            try ConfigurationFileWriter.write(edit(link), allowed: link)
            #expect(try text(of: file) == "# new \u{E9}\n")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "neti.toml")
        }
    }

    @Test func whatCannotBeWrittenIsSaid() async throws {
        try await withFile { (directory, file) throws in
            #expect(
                error(of: edit("\(directory)/absent"), allowed: file)
                    == .cannot("find", path: "\(directory)/absent", .noSuchFileOrDirectory))
            #expect(error(of: edit("/proc/version", old: ""), allowed: "/proc/version") != nil)
            #expect(error(of: edit(file), allowed: "\(directory)/other") == .other(path: file))
            #expect(try text(of: file) == "# old\n")
        }
    }
}
