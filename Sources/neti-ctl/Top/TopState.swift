// SPDX-License-Identifier: Apache-2.0

/// What the person in front of the screen has chosen.
struct TopState {
    /// How the lines of a view are sorted.
    struct Sorting {
        /// The column; nil keeps the daemon's order.
        var column: Int?
        /// Whether the order is the opposite of the column's own.
        var isReversed = false
    }

    /// Intervals between samples that keys lead to, in seconds.
    private static let intervals = [0.2, 0.5, 1, 2, 5, 10, 30]

    var view = TopView.instances
    var interval: Double = 1
    /// Only lines with this text are shown.
    var filter = ""
    /// Whether keys are letters of the filter.
    var isTyping = false
    var isHelpShown = false
    /// Whether the screen stands still, while the daemon is asked as before.
    var isPaused = false
    /// The first line of the table that is shown.
    var offset = 0
    private var sortings: [TopView: Sorting] = [:]

    init() {
        // Where most happens comes first; hooks stay in the order in which packets meet them.
        sortings = [.instances: Sorting(column: 2), .events: Sorting(column: 4)]
    }

    /// How the lines of the view are sorted.
    var sorting: Sorting {
        get { sortings[view] ?? Sorting() }
        set { sortings[view] = newValue }
    }

    /// What the program does next.
    enum Step {
        /// Nothing has changed.
        case nothing
        case draw
        case quit
    }

    /// Does what a key means.
    ///
    /// - Parameter page: how many lines of the table fit.
    mutating func take(_ key: Key, page: Int) -> Step {
        if isTyping { return type(key) }
        if isHelpShown {
            // Any key leads back, and nowhere else.
            isHelpShown = false
            return .draw
        }
        switch key {
        case .character("q"): return .quit
        case .character("?"), .character("h"): isHelpShown = true
        case .character("1"), .character("i"): show(.instances)
        case .character("2"), .character("e"): show(.events)
        case .character("3"), .character("k"): show(.hooks)
        case .tab: show(following: view)
        case .character("<"), .left: moveColumn(by: -1)
        case .character(">"), .right: moveColumn(by: 1)
        case .character("r"): sorting.isReversed.toggle()
        case .character("o"): sorting = Sorting()
        case .character("/"): isTyping = true
        case .escape: filter = ""
        case .character("p"), .character(" "): isPaused.toggle()
        case .character("+"): interval = Self.intervals.first { $0 > interval } ?? interval
        case .character("-"): interval = Self.intervals.last { $0 < interval } ?? interval
        case .up: offset -= 1
        case .down: offset += 1
        case .pageUp: offset -= page
        case .pageDown: offset += page
        case .home: offset = 0
        case .end: offset = .max / 2
        default: return .nothing
        }
        return .draw
    }

    private mutating func show(_ view: TopView) {
        self.view = view
        offset = 0
    }

    private mutating func show(following view: TopView) {
        let all = TopView.allCases
        show(all[((all.firstIndex(of: view) ?? 0) + 1) % all.count])
    }

    private mutating func moveColumn(by step: Int) {
        let count = view.columns.count
        // The place before the first column is the daemon's order.
        let place = ((sorting.column ?? -1) + 1 + step + count + 1) % (count + 1) - 1
        sorting = Sorting(column: place < 0 ? nil : place)
    }

    private mutating func type(_ key: Key) -> Step {
        switch key {
        case .enter: isTyping = false
        case .escape: (isTyping, filter) = (false, "")
        case .backspace: _ = filter.popLast()
        case .character(let letter): filter.append(letter)
        default: return .nothing
        }
        offset = 0
        return .draw
    }

    /// The lines that are wanted, in the order that is wanted.
    func select(_ lines: [TopLine]) -> [TopLine] {
        let wanted = lines.filter { $0.matches(filter) }
        let sorting = sorting
        guard let column = sorting.column, view.columns.indices.contains(column) else {
            return sorting.isReversed ? wanted.reversed() : wanted
        }
        let isDescending = view.columns[column].isLargestFirst != sorting.isReversed
        return wanted.enumerated().sorted { one, other in
            let order = one.element.cells[column].order.compare(other.element.cells[column].order)
            return order == 0 ? one.offset < other.offset : isDescending ? order > 0 : order < 0
        }.map(\.element)
    }
}
