// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import neti_ctl

/// The last minutes as bars.
struct SparklineTests {
    private func text(_ numbers: [Double], _ width: Int, isUnicode: Bool = true) -> String {
        Sparkline.text(numbers[...], width: width, isUnicode: isUnicode)
    }

    @Test func theLargestIsFullAndNothingIsBlank() {
        #expect(text([0, 1, 4, 8], 4) == " ▁▄█")
        #expect(text([0, 1, 4, 8], 4, isUnicode: false) == " .=@")
        // The least that is something is seen.
        #expect(text([0.001, 1000], 2) == "▁█")
        #expect(text([0, 0], 3) == "   ")
    }

    @Test func theNewestIsOnTheRight() {
        #expect(text([8], 4) == "   █")
        #expect(text([], 3) == "   ")
        #expect(text([1, 2], 0) == "")
    }

    @Test func neighboursShareABarWhereThereIsNoRoom() {
        #expect(text([8, 1, 1, 3, 3], 3) == "█▁▃")
        #expect(text(Array(repeating: 5, count: 299), 10) == String(repeating: "█", count: 10))
    }

    @Test func historyForgetsWhatIsOldAndWhatIsGone() {
        var history = TopHistory()
        for number in 0...TopHistory.limit { history.add(["a": Double(number), "b": nil]) }
        #expect(history.rates(of: "a").count == TopHistory.limit)
        #expect(history.rates(of: "a").first == 1 && history.rates(of: "a").last == Double(TopHistory.limit))
        #expect(history.rates(of: "b").allSatisfy { $0 == 0 })
        history.add(["b": 1])
        #expect(history.rates(of: "a").isEmpty)
    }

    @Test(arguments: [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("👍", 2), ("", 0), ("ｆ", 2)])
    func someCharactersTakeTwoColumns(text: String, width: Int) {
        #expect(text.displayWidth == width)
    }

    @Test func wideTextIsCutToItsColumns() {
        #expect("日本語".fitted(columns: 8) == "日本語  ")
        #expect("日本語".fitted(columns: 5) == "日本~")
        #expect("日本語".fitted(columns: 4) == "日~ ")
        #expect("日本語".fitted(columns: 0) == "")
        #expect(
            Table([.text("A"), .number("B")], [["日本", "1"], ["x", "2"]]).lines(width: nil) == [
                "A     B", "日本  1", "x     2",
            ])
    }
}
