// SPDX-License-Identifier: Apache-2.0

import ControlNoise
import Testing

@testable import neti_ctl

/// What keys do.
struct TopStateTests {
    private func state(_ keys: [Key]) -> TopState {
        var state = TopState()
        for key in keys { _ = state.take(key, page: 10) }
        return state
    }

    private func names(_ state: TopState) -> [String] {
        state.select(state.view.lines(TopSamples.rates)).map { $0.cells[state.view == .hooks ? 4 : 0].text }
    }

    @Test(
        arguments: [
            ("q", [.character("q")]), ("\u{1b}", [.escape]), ("\u{1b}[A", [.up]), ("\u{1b}OB", [.down]),
            ("\u{1b}[5~\u{1b}[6~", [.pageUp, .pageDown]), ("\u{1b}[1;5C", [.right]),
            ("\r\u{7f}\t", [.enter, .backspace, .tab]),
            ("é漢", [.character("é"), .character("漢")]), ("\u{1b}[999999999999999999999~", []), ("\u{1b}[", []),
            ("\u{0}\u{1}", []),
            ("\u{1b}[H\u{1b}[4~", [.home, .end]), ("\u{1b}x", []), ("\u{202e}", []),
        ] as [(String, [Key])])
    func bytesAreKeys(bytes: String, keys: [Key]) {
        #expect(Key.keys(Array(bytes.utf8)) == keys)
    }

    @Test func noBytesCrash() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random)
                    : [0x1B, 0x5B, 0x7E, 0x31].randomElement(using: &random) ?? 0
            }
            _ = state(Key.keys(bytes))
        }
    }

    @Test func whereMostHappensComesFirst() {
        #expect(names(state([])) == ["global", "blue", "new"])
        #expect(names(state([.character("r")])) == ["new", "blue", "global"])
        // The daemon's order, and names.
        #expect(names(state([.left, .left])) == ["blue", "global", "new"])
        #expect(names(state([.character("o")])) == ["global", "blue", "new"])
    }

    @Test func hooksStandInChainOrder() {
        #expect(names(state([.character("3")])) == ["filter", "count", "filter", "late"])
        #expect(state([.tab]).view == .events)
        #expect(state([.tab, .tab, .tab]).view == .instances)
    }

    @Test func everyColumnSortsAndLeadsBackToTheFirst() {
        for view in TopView.allCases {
            var state = TopState()
            state.view = view
            let start = state.sorting.column
            for _ in 0...view.columns.count {
                #expect(state.select(view.lines(TopSamples.rates)).count == view.lines(TopSamples.rates).count)
                _ = state.take(.right, page: 10)
            }
            #expect(state.sorting.column == start)
        }
    }

    @Test func aFilterIsTypedAndCleared() {
        let typed = state([.character("/"), .character("B"), .character("l"), .character("q"), .backspace, .enter])
        #expect(!typed.isTyping && typed.filter == "Bl")
        #expect(names(typed) == ["blue"])
        var cleared = typed
        #expect(cleared.take(.escape, page: 1) == .draw)
        #expect(cleared.filter == "")
    }

    @Test func helpIsLeftByAnyKey() {
        #expect(state([.character("?")]).isHelpShown)
        var help = state([.character("?")])
        #expect(help.take(.character("q"), page: 1) == .draw)
        #expect(!help.isHelpShown)
        #expect(help.take(.character("q"), page: 1) == .quit)
    }

    @Test func theIntervalHasBounds() {
        #expect(state([.character("+")]).interval == 2)
        #expect(state(Array(repeating: .character("+"), count: 20)).interval == 30)
        #expect(state(Array(repeating: .character("-"), count: 20)).interval == 0.2)
    }
}
