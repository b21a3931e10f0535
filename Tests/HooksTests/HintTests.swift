// SPDX-License-Identifier: Apache-2.0

import Hooks
import Testing

struct HintTests {
    @Test("Codes are those of hook.h; the target belongs to BEFORE and AFTER only (R80)")
    func codes() {
        #expect([Hint.none, .first, .last, .before("t"), .after("t")].map(\.code) == [0, 1, 2, 3, 4])
        #expect([Hint.none, .first, .last, .before("t"), .after("t")].map(\.target) == [nil, nil, nil, "t", "t"])
        #expect(Hint(code: 1, target: "ignored") == .first)
        #expect(Hint(code: 3, target: "t") == .before("t"))
    }

    @Test("Hints print as configuration spells them")
    func descriptions() {
        let hints = [Hint.none, .first, .last, .before("t"), .after("u"), Hint(code: 7)]
        #expect(hints.map(\.description) == ["none", "first", "last", "before t", "after u", "hint 7"])
    }
}
