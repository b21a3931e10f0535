// SPDX-License-Identifier: Apache-2.0

extension TopScreen {
    /// The lines as a terminal wants them: the cursor home, what a shorter line leaves erased, and looks by SGR (ECMA-48).
    ///
    /// Names have come through ``printable(_:)`` on their way here, so no other control characters are in it.
    func drawing(_ lines: [Line], isColoured: Bool) -> String {
        var text = "\u{1b}[H"
        for (index, line) in lines.enumerated() {
            if index > 0 { text += "\r\n" }
            for piece in line {
                let look = piece.look.attributes(isColoured: isColoured)
                text += look.isEmpty ? piece.text : "\u{1b}[\(look)m\(piece.text)\u{1b}[0m"
            }
            // Behind a line that is full the cursor is still on its last character.
            if line.reduce(0, { $0 + $1.text.displayWidth }) < width { text += "\u{1b}[K" }
        }
        return text
    }
}

extension TopScreen.Look {
    fileprivate func attributes(isColoured: Bool) -> String {
        switch self {
        case .plain: ""
        case .strong: "1"
        case .weak: "2"
        case .title: "7"
        case .chosenTitle: "1;4;7"
        case .alarm: isColoured ? "1;31" : "1"
        }
    }
}
