// SPDX-License-Identifier: Apache-2.0

// What a module's own messages and those of the daemon suggest.

extension Sequence<String> {
    /// The element that was probably meant: at most a third of the word's letters away, and the nearest.
    package func nearest(to word: String) -> String? {
        let limit = Swift.max(1, word.utf8.count / 3)
        return map { (word: $0, distance: $0.editDistance(to: word)) }
            .filter { $0.distance <= limit }
            .min { $0.distance < $1.distance }?.word
    }
}

extension String {
    /// Bytes to insert, delete, replace or swap with their neighbour until two words are the same.
    func editDistance(to other: String) -> Int {
        let left = Array(utf8)
        let right = Array(other.utf8)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var distance = Swift.min(row[j] + 1, last[j + 1] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    distance = Swift.min(distance, beforeLast[j - 1] + 1)
                }
                row.append(distance)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
