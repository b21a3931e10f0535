// SPDX-License-Identifier: Apache-2.0

/// The style sheet of the picture. Colours stand as they are: not every program that reads SVG knows variables.
enum GraphStyle {
    static func text(_ theme: GraphCommand.Theme) -> String {
        switch theme {
        case .light: base + light
        case .dark: base + dark
        case .auto: base + light + "@media (prefers-color-scheme: dark) {\n\(dark)}\n"
        }
    }

    private static let base = """

        text { font-family: "DejaVu Sans Mono", ui-monospace, Menlo, Consolas, monospace; font-size: 12px; }
        .name { font-size: 13px; font-weight: bold; }
        .small { font-size: 11px; }
        .end { text-anchor: end; }
        .flow { fill: none; }

        """

    private static let light = """
        rect.page { fill: #ffffff; }
        text { fill: #1f2328; }
        .weak { fill: #59636e; }
        .bad { fill: #c62828; }
        .card { fill: #f6f8fa; stroke: #d1d9e0; }
        .event { fill: #dbeafe; stroke: #7aa7e0; }
        .hook { fill: #ffffff; stroke: #a3acb6; }
        .flow { stroke: #4a8bd6; }
        .tip { fill: #4a8bd6; }
        .up { fill: #2e9e44; }
        .down { fill: #c62828; }

        """

    private static let dark = """
        rect.page { fill: #0d1117; }
        text { fill: #e6edf3; }
        .weak { fill: #9198a1; }
        .bad { fill: #ff7b72; }
        .card { fill: #151b23; stroke: #3d444d; }
        .event { fill: #12305c; stroke: #3f73b8; }
        .hook { fill: #212830; stroke: #656c76; }
        .flow { stroke: #4a8bd6; }
        .tip { fill: #4a8bd6; }
        .up { fill: #3fb950; }
        .down { fill: #ff7b72; }

        """
}
