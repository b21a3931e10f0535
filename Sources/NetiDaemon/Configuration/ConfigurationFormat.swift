// SPDX-License-Identifier: Apache-2.0

import Hooks
import Impair
import SystemPackage
import TOMLKit

/// How a value of the file must look: reads it, or reports what is wrong and gives nil.
struct ConfigurationFormat<Value> {
    let read: (ConfigurationNode) -> Value?

    init(read: @escaping (ConfigurationNode) -> Value?) {
        self.read = read
    }

    /// A text that `convert` accepts; what it refuses is reported as not what was expected.
    init(_ expected: String, convert: @escaping (String) -> Value?) {
        read = { node in
            guard node.isOf(.string), let text = node.value.string else { return nil }
            return convert(text) ?? node.refuse("expected \(expected), found \(text.quoted)")
        }
    }
}

extension ConfigurationFormat where Value == Bool {
    static var boolean: Self {
        Self { node in node.isOf(.bool) ? node.value.bool : nil }
    }
}

extension ConfigurationFormat where Value: FixedWidthInteger {
    static func integer(_ range: ClosedRange<Value>) -> Self {
        Self { node in
            guard node.isOf(.int), let number = node.value.int else { return nil }
            guard let value = Value(exactly: number), range.contains(value) else {
                return node.refuse("expected \(range.lowerBound) to \(range.upperBound), found \(number)")
            }
            return value
        }
    }
}

extension ConfigurationFormat where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var word: Self {
        Self(alternatives(Value.allCases.map(\.rawValue)), convert: Value.init(rawValue:))
    }
}

extension ConfigurationFormat {
    /// An array with at least one element, none of them twice.
    static func list<Element: Equatable>(of format: ConfigurationFormat<Element>) -> Self where Value == [Element] {
        Self { node in
            guard let elements = node.elements else { return nil }
            if elements.isEmpty { return node.refuse("expected at least one element, found none") }
            var values: [Element] = []
            for element in elements {
                guard let value = format.read(element) else { continue }
                if values.contains(value) {
                    element.diagnostics.report("\(element.value.debugDescription) is there twice", at: element.path)
                } else {
                    values.append(value)
                }
            }
            return values.count == elements.count ? values : nil
        }
    }
}

extension ConfigurationFormat where Value == String {
    static var string: Self {
        Self("a string") { $0 }
    }

    /// A text for which the condition holds.
    static func string(_ expected: String, where isRight: @escaping (String) -> Bool) -> Self {
        Self(expected) { isRight($0) ? $0 : nil }
    }

    static var hookName: Self {
        string("a name of 1 to 30 bytes without blanks", where: Configuration.Hook.isName)
    }

    /// One of the given words, of which there is at least one.
    static func oneOf(_ words: [String]) -> Self {
        string(alternatives(words), where: words.contains)
    }

    static func absolutePath(bytes: ClosedRange<Int>) -> Self {
        string("an absolute path of \(bytes.lowerBound) to \(bytes.upperBound) bytes") {
            $0.utf8.first == UInt8(ascii: "/") && bytes.contains($0.utf8.count)
        }
    }

    /// A file that can be read; relative paths start in `directory`.
    static func file(in directory: FilePath) -> Self {
        Self { node in
            guard node.isOf(.string), let text = node.value.string else { return nil }
            let path = directory.pushing(FilePath(text))
            do throws(Errno) {
                _ = try ConfigurationFile.read(path, atMost: 1)
            } catch {
                return node.refuse("can't read \(path): \(error)")
            }
            return path.string
        }
    }
}

extension ConfigurationFormat<UInt64> {
    /// A span of time in nanoseconds, more than nothing and up to an hour.
    static var time: Self {
        Self { node in
            guard node.isOf(.string), let text = node.value.string else { return nil }
            do throws(QuantityError) {
                let nanoseconds = try Quantity.time.value(of: text).rounded()
                return nanoseconds >= 1
                    ? UInt64(nanoseconds) : node.refuse("expected a time of a nanosecond or more, found \(text.quoted)")
            } catch {
                return node.refuse(error.message)
            }
        }
    }
}

extension ConfigurationFormat<Hooks.Hint> {
    static var hint: Self {
        Self(#""none", "first", "last", "before NAME" or "after NAME""#, convert: Hooks.Hint.init)
    }
}

extension ConfigurationFormat<Configuration.Instance.Netns> {
    /// The name of a namespace or a glob for names.
    static var netns: Self {
        Self("the name of a network namespace or a glob, without blanks and slashes") { text in
            guard Configuration.Instance.isName(text) else { return nil }
            return text.contains(where: "*?[".contains) ? .matching(text) : .named(text)
        }
    }
}

extension ConfigurationFormat<MetricsAddress> {
    static var metricsAddress: Self {
        Self(
            #""unix:" and an absolute path of at most 107 bytes, or a loopback address and a port like "127.0.0.1:9469""#,
            convert: MetricsAddress.init)
    }
}

/// `"a"`, `one of "a", "b"`.
private func alternatives(_ words: [String]) -> String {
    (words.count == 1 ? "" : "one of ") + words.map(\.quoted).joined(separator: ", ")
}
