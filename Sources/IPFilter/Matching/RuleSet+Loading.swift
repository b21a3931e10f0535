// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

extension RuleSet {
    /// Compiles the rules of a text.
    ///
    /// - Parameters:
    ///   - text: the rules; bytes that aren't UTF-8 are replaced.
    ///   - file: the name that messages show.
    ///   - services: what service names mean.
    /// - Throws: everything that is wrong with the text, all at once.
    public convenience init(
        parsing text: String, file: String, services: ServiceNames = .builtIn, defaultPolicy: FilterVerdict = .pass,
        lanes: Int = 1, logCapacity: Int = 1_024
    ) throws(RuleErrors) {
        let rules = try Self.rules(of: text, file: file, services: services)
        self.init(rules, defaultPolicy: defaultPolicy, lanes: lanes, logCapacity: logCapacity)
    }

    /// Compiles the rules of a file, with the services of the system.
    ///
    /// - Throws: everything that is wrong with the file, all at once.
    public convenience init(
        contentsOf file: FilePath, defaultPolicy: FilterVerdict = .pass, lanes: Int = 1, logCapacity: Int = 1_024
    ) throws(RuleErrors) {
        let rules = try Self.rules(ofFile: file)
        self.init(rules, defaultPolicy: defaultPolicy, lanes: lanes, logCapacity: logCapacity)
    }

    /// Reads the rules of a file without compiling them, with the services of the system.
    ///
    /// - Throws: everything that is wrong with the file, all at once; an unreadable one is an error in its first line.
    public static func rules(ofFile file: FilePath) throws(RuleErrors) -> [Rule] {
        let bytes: [UInt8]
        do {
            bytes = try readFile(file)
        } catch {
            throw RuleErrors(file: file.string, message: "can't be read: \((error as? Errno) ?? .ioError)")
        }
        return try rules(of: String(decoding: bytes, as: UTF8.self), file: file.string, services: .system())
    }

    /// Reads the rules of a text without compiling them.
    ///
    /// - Throws: everything that is wrong with the text, all at once.
    public static func rules(
        of text: String, file: String, services: ServiceNames = .builtIn
    ) throws(RuleErrors) -> [Rule] {
        var parser = Parser(Array(text.utf8), services: services)
        let rules = parser.parseFile()
        guard parser.complaints.isEmpty else { throw RuleErrors(parser.complaints, in: text, file: file) }
        return rules
    }
}
