// SPDX-License-Identifier: Apache-2.0

import NetiControl

extension Graph {
    /// The picture as a document of its own.
    func svg(_ theme: GraphCommand.Theme, title: String) -> String {
        let layout = GraphLayout(self)
        var svg = SVGText()
        svg.open(
            "svg",
            [
                ("xmlns", "http://www.w3.org/2000/svg"), ("width", "\(layout.width)"), ("height", "\(layout.height)"),
                ("viewBox", "0 0 \(layout.width) \(layout.height)"), ("role", "img"), ("class", "page"),
            ])
        svg.element("title", text: title)
        svg.element("style", text: GraphStyle.text(theme))
        svg.element(
            "rect", [("class", "page"), ("width", "\(layout.width)"), ("height", "\(layout.height)")])
        let up = cards.count { $0.state == .up }
        svg.text(GraphLayout.margin, 32, "name", title)
        svg.text(
            layout.width - GraphLayout.margin, 32, "weak end", "\(up) of \(cards.count) instances up")
        for (card, frame) in zip(cards, layout.cards) { draw(card, frame, layout, &svg) }
        svg.close("svg")
        return svg.document
    }

    private func draw(_ card: Card, _ frame: GraphLayout.Frame, _ layout: GraphLayout, _ svg: inout SVGText) {
        svg.open("g", [("transform", "translate(\(frame.x) \(frame.y))")])
        svg.element(
            "rect",
            [("class", "card"), ("width", "\(frame.width)"), ("height", "\(frame.height)"), ("rx", "8")])
        head(card, frame.width, &svg)
        var y = GraphLayout.headHeight
        for row in card.rows {
            draw(row, y, layout.lineLength, &svg)
            y += layout.lines(row) * GraphLayout.rowHeight
        }
        if card.rows.isEmpty {
            let words = card.reason ?? (card.state == .up ? "no hooks: packets pass unseen" : "")
            let room = Double(frame.width - 2 * GraphLayout.padding)
            svg.text(GraphLayout.padding, y + 24, card.reason == nil ? "weak" : "bad", cut(words, room))
        }
        svg.close("g")
    }

    private func head(_ card: Card, _ width: Int, _ svg: inout SVGText) {
        let counters = [
            "\(short(card.received)) received", "\(short(card.dropped)) dropped",
            card.lost > 0 ? "\(short(card.lost)) lost" : nil, card.held > 0 ? "\(card.held) held" : nil,
        ].compactMap(\.self).joined(separator: ", ")
        let state = card.state == .up ? "\(card.onExit.rawValue) on exit" : card.state.rawValue
        let left = GraphLayout.padding
        svg.element(
            "circle",
            [("class", card.state == .up ? "up" : "down"), ("cx", "\(left + 5)"), ("cy", "19"), ("r", "5")])
        let room = Double(width - 2 * left - 20) - Double(counters.displayWidth + 2) * GraphLayout.smallLetter
        svg.text(
            left + 18, 24, "name", cut(card.name, room * GraphLayout.smallLetter / GraphLayout.letter), tip: card.name)
        svg.text(width - left, 24, "small end", counters)
        let place = "netid \(card.netid), \(card.netns ?? "the daemon's own namespace")"
        let roomBelow = Double(width - 2 * left - 18) - Double(state.count + 2) * GraphLayout.smallLetter
        svg.text(left + 18, 41, "small weak", cut(place, roomBelow), tip: place)
        svg.text(width - left, 41, card.state == .up ? "small weak end" : "small bad end", state)
    }

    private func draw(_ row: Row, _ top: Int, _ lineLength: Int, _ svg: inout SVGText) {
        let (left, height) = (GraphLayout.padding, GraphLayout.rowHeight - 12)
        box("event", left, top, GraphLayout.eventWidth, row.event, "\(row.family)  \(short(row.packets))", nil, &svg)
        var (x, y) = (left + GraphLayout.eventWidth, top)
        for (index, hook) in row.chain.enumerated() {
            if index > 0, index.isMultiple(of: lineLength) {
                let start = left + GraphLayout.eventWidth
                bend(
                    from: (x, y + height / 2), to: (start, y + GraphLayout.rowHeight + height / 2), hook.hits,
                    row.packets, &svg)
                (x, y) = (start, y + GraphLayout.rowHeight)
            } else {
                arrow(x, y + height / 2, hook.hits, row.packets, &svg)
            }
            x += GraphLayout.hookGap
            box("hook", x, y, GraphLayout.hookWidth, hook.name, short(hook.hits), hook, &svg)
            if hook.drops > 0 {
                svg.text(
                    x + GraphLayout.hookWidth - 8, y + 32, "small bad end", "-" + short(hook.drops))
            }
            x += GraphLayout.hookWidth
        }
        arrow(x, y + height / 2, row.passed, row.packets, &svg)
        svg.text(x + GraphLayout.hookGap + 4, y + height / 2 - 1, "small", short(row.passed))
        svg.text(x + GraphLayout.hookGap + 4, y + height / 2 + 13, "small weak", Self.destination(row.event))
    }

    /// What becomes of the packets behind the last hook.
    private static func destination(_ event: String) -> String {
        switch event {
        case "OBSERVING", "NIC_EVENTS": "seen"
        default: "passed"
        }
    }

    private func box(
        _ look: String, _ x: Int, _ y: Int, _ width: Int, _ name: String, _ below: String, _ hook: Hook?,
        _ svg: inout SVGText
    ) {
        let height = GraphLayout.rowHeight - 12
        let room = Double(width - 16)
        svg.open("g", [("transform", "translate(\(x) \(y))")])
        let tip = hook.map { hook in
            "\(hook.name), \(hook.module.map { "module \($0)" } ?? "no module"): \(hook.hits) packets, \(hook.drops) dropped"
        }
        svg.element(
            "rect",
            [
                ("class", look), ("width", "\(width)"), ("height", "\(height)"),
                ("rx", look == "event" ? "\(height / 2)" : "4"),
            ], tip: tip)
        let indent = look == "event" ? 14 : 8
        svg.text(indent, 16, "label", cut(name, (room - Double(indent - 8)) * GraphLayout.smallLetter / 7.2))
        svg.text(indent, 32, "small weak", below)
        svg.close("g")
    }

    /// The way to the next line of a long chain: down between the lines, and to the left.
    private func bend(
        from start: (x: Int, y: Int), to end: (x: Int, y: Int), _ packets: Int, _ all: Int, _ svg: inout SVGText
    ) {
        let between = (start.y + end.y) / 2
        let way = "M\(start.x) \(start.y)h14V\(between)H\(end.x + 8)V\(end.y)H\(end.x + GraphLayout.hookGap - 7)"
        svg.element("path", [("class", "flow"), ("stroke-width", thickness(packets, of: all)), ("d", way)])
        svg.element("path", [("class", "tip"), ("d", "M\(end.x + GraphLayout.hookGap) \(end.y)l-9 -6v12z")])
    }

    private func arrow(_ x: Int, _ y: Int, _ packets: Int, _ all: Int, _ svg: inout SVGText) {
        let end = x + GraphLayout.hookGap
        svg.element(
            "path",
            [("class", "flow"), ("stroke-width", thickness(packets, of: all)), ("d", "M\(x) \(y)H\(end - 7)")])
        svg.element("path", [("class", "tip"), ("d", "M\(end) \(y)l-9 -6v12z")])
    }

    /// From a hair to a thumb.
    private func thickness(_ packets: Int, of all: Int) -> String {
        let part = all > 0 ? min(1, max(0, Double(packets) / Double(all))) : 0
        return fixed(1 + 5 * part, digits: 1)
    }

    /// As much of a text as fits into so many pixels of small letters.
    private func cut(_ text: String, _ room: Double) -> String {
        let columns = max(1, Int(room / GraphLayout.smallLetter))
        return text.displayWidth <= columns ? text : text.prefix(columns: columns - 1) + "\u{2026}"
    }

    private func short(_ count: Int) -> String {
        count < 10_000 ? "\(max(0, count))" : rateText(Double(count))
    }
}
