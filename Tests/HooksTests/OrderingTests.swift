// SPDX-License-Identifier: Apache-2.0

import Hooks
import SystemPackage
import Testing

/// The order of hooks, read back from a run of the event and from the positions (R67 to R80, R186).
struct OrderingTests {
    /// The worked examples of the original's behaviour.
    static let illumos = [
        OrderingScript("O1", "a: [a]; b: [a b]; c: [a b c]"),
        OrderingScript("O2", "l L: [l]; a: [a l]; b: [a l b]"),
        OrderingScript("O3", "l L: [l]; f F: [f l]; a: [f l a]; b: [f l a b]"),
        OrderingScript("O4", "a: [a]; l L: [a l]; b: [a l b]; m L: [a l b m]"),
        OrderingScript("O5", "f F: [f]; g F: EBUSY [f]; -f: []; g F: [g]"),
        OrderingScript("O6", "f F: [f]; k→f A: [f k]; -f: [k]; g F: [g k]"),
        OrderingScript("O7", "l L: [l]; m L: EBUSY [l]"),
        OrderingScript("O8", "a: [a]; f F: [f a]; z→f B: EBUSY [f a]; y→a B: [f y a]; x→f A: [f x y a]"),
        OrderingScript("O9", "l L: [l]; a→l A: EBUSY [l]; b→l B: [b l]"),
        OrderingScript(
            "O10", "t: [t]; b1→t B: [b1 t]; b2→t B: [b1 b2 t]; a1→t A: [b1 b2 t a1]; a2→t A: [b1 b2 t a2 a1]"),
        OrderingScript("O11", "p→t B: [p]; q: [p q]; t: [p t q]"),
        OrderingScript("O12", "p→t A: [p]; q: [p q]; t: [t p q]"),
        OrderingScript("O13", "a1→t A: [a1]; b1→t B: [b1 a1]; t: [b1 t a1]"),
        OrderingScript("O14", "b1→t B: [b1]; a1→t A: [a1 b1]; t: [t a1 b1]"),
        OrderingScript("O15", "b1→t B: [b1]; b2→t B: [b1 b2]; t: [b1 t b2]"),
        OrderingScript("O16", "b1→t B; b2→t B: [b1 b2]; b3→t B: [b1 b3 b2]; t: [b1 t b3 b2]"),
        OrderingScript("O17", "a1→t A: [a1]; a2→t A: [a1 a2]; t: [t a1 a2]"),
        OrderingScript("O18", "x→y B: [x]; y→x B: [y x]"),
        OrderingScript("O19", "x→y A: [x]; y→x A: [x y]"),
        OrderingScript("O20", "b1→t B: [b1]; t F: [t b1]"),
        OrderingScript("O21", "a1→t A: [a1]; t L: [a1 t]"),
        OrderingScript("O22", "t F: [t]; b1→t B: EBUSY [t]"),
        OrderingScript("O23", "h: [h]; b→h B: [b h]; f F: [f b h]"),
        OrderingScript("O24", "s→s B: [s]; r→s A: [s r]"),
        OrderingScript("O25", "a: [a]; l L: [a l]; b→zz B: [a l b]"),
        OrderingScript("O26", "l L: [l]; b→zz B: [b l]; c→zz A: [c b l]"),
        OrderingScript("O27", "k→n A: [k]; f F: [f k]; n: [f n k]"),
        OrderingScript("O28", "b→n B: [b]; l L: [b l]; n: [b n l]"),
        OrderingScript("O29", "t: [t]; b1→t B: [b1 t]; a1→t A: [b1 t a1]; -t: [b1 a1]; t: [b1 t a1]"),
        OrderingScript("O30", "a; b; c: [a b c]; -a: [b c]; a: [b c a]"),
        OrderingScript("O31", "a: [a]; a F: EEXIST [a]"),
        OrderingScript("O32", "a: [a]; b ?7: EINVAL [a]; a ?7: EEXIST [a]"),
        OrderingScript("O33", "a; b; c; d→a A: [a d b c]; e→a A: [a e d b c]; g→c B: [a e d b g c]"),
        OrderingScript("O34", "a1→t A: [a1]; z: [a1 z]; b1→t B: [b1 a1 z]; t: [b1 t a1 z]"),
        OrderingScript("ipf, zone first", "zone→global B: [zone]; global→zone A: [zone global]"),
        OrderingScript("ipf, global first", "global→zone A: [global]; zone→global B: [zone global]"),
        OrderingScript("R74 no target", "a: [a]; b ?3: EINVAL [a]; b ?4: EINVAL [a]; b ?-1: EINVAL [a]"),
    ]

    /// The manual pages' promise. The ids in brackets name the example of the other ordering that differs.
    static let documented = [
        OrderingScript("D1", "a: [a]; b: [a b]; c: [a b c]"),
        OrderingScript("D2 (O2)", "l L: [l]; a: [a l]; b: [a b l]"),
        OrderingScript("D3 (O3)", "l L: [l]; f F: [f l]; a: [f a l]; b: [f a b l]"),
        OrderingScript("D4 (O4)", "a: [a]; l L: [a l]; b: [a b l]; m L: EBUSY [a b l]"),
        OrderingScript("D5", "f F: [f]; g F: EBUSY [f]; -f: []; g F: [g]"),
        OrderingScript("D6", "f F: [f]; k→f A: [f k]; -f: [k]; g F: [g k]"),
        OrderingScript("D7", "l L: [l]; m L: EBUSY [l]; -l: []; m L: [m]"),
        OrderingScript("D8", "a: [a]; f F: [f a]; z→f B: EBUSY [f a]; y→a B: [f y a]; x→f A: [f x y a]"),
        OrderingScript("D9", "l L: [l]; a→l A: EBUSY [l]; b→l B: [b l]"),
        OrderingScript(
            "D10", "t: [t]; b1→t B: [b1 t]; b2→t B: [b1 b2 t]; a1→t A: [b1 b2 t a1]; a2→t A: [b1 b2 t a2 a1]"),
        OrderingScript("D11 (O11)", "p→t B: ESRCH []; q: [q]; t: [q t]; p→t B: [q p t]"),
        OrderingScript("D12 (O12)", "p→t A: ESRCH []; t: [t]; p→t A: [t p]"),
        OrderingScript("D13 (O15)", "t; b1→t B; b2→t B: [b1 b2 t]; -t: [b1 b2]; t: [b1 b2 t]"),
        OrderingScript(
            "D14 (O16)", "t; b1→t B; b2→t B; b3→t B: [b1 b2 b3 t]; z: [b1 b2 b3 t z]; -t; t: [b1 b2 b3 t z]"),
        OrderingScript("D15 (O14)", "t; b1→t B: [b1 t]; a1→t A: [b1 t a1]; -t: [b1 a1]; t: [b1 t a1]"),
        OrderingScript("D16 (O17)", "t; a1→t A: [t a1]; a2→t A: [t a2 a1]; -t: [a2 a1]; t: [t a2 a1]"),
        OrderingScript("D17 (O18)", "y; x→y B: [x y]; -y: [x]; y→x B: EBUSY [x]; y→x A: [x y]"),
        OrderingScript("D18 (O19)", "y; x→y A: [y x]; -y: [x]; y→x A: EBUSY [x]; y→x B: [y x]"),
        OrderingScript("D19 (O20)", "t; b1→t B: [b1 t]; -t: [b1]; t F: EBUSY [b1]; t L: [b1 t]"),
        OrderingScript("D20 (O21)", "t; a1→t A: [t a1]; -t: [a1]; t L: EBUSY [a1]; t F: [t a1]"),
        OrderingScript("D21", "t F: [t]; b1→t B: EBUSY [t]"),
        OrderingScript("D22", "h: [h]; b→h B: [b h]; f F: [f b h]"),
        OrderingScript("D23 (O24)", "s→s B: ESRCH []; s→s A: ESRCH []; s: [s]; r→s A: [s r]"),
        OrderingScript("D24 (O25)", "a: [a]; l L: [a l]; b→zz B: ESRCH [a l]; b: [a b l]"),
        OrderingScript("D25 (O26)", "l L: [l]; b→zz B: ESRCH [l]; c→zz A: ESRCH [l]"),
        OrderingScript("D26", "n; k→n A: [n k]; -n: [k]; f F: [f k]; n: [f n k]"),
        OrderingScript("D27", "n; b→n B: [b n]; -n: [b]; l L: [b l]; n: [b n l]"),
        OrderingScript("D28", "t: [t]; b1→t B: [b1 t]; a1→t A: [b1 t a1]; -t: [b1 a1]; t: [b1 t a1]"),
        OrderingScript("D29", "a; b; c: [a b c]; -a: [b c]; a: [b c a]"),
        OrderingScript("D30", "a: [a]; a F: EEXIST [a]; a→zz B: EEXIST [a]; b ?7: EINVAL [a]; a ?7: EEXIST [a]"),
        OrderingScript("D31", "a; b; c; d→a A: [a d b c]; e→a A: [a e d b c]; g→c B: [a e d b g c]"),
        OrderingScript(
            "D32 three contradict", "a; b→a A; c→b A: [a b c]; -a: [b c]; a→c A: EBUSY [b c]; a→b B: [a b c]"),
        OrderingScript(
            "D33 one must move", "x; p→x B; q→x A: [p x q]; z: [p x q z]; -x: [p q z]; x→z A: [p z x q]"),
        OrderingScript(
            "D34 one must move", "f F; t; a1→t A: [f t a1]; -t; z L: [f a1 z]; t→z B: [f t a1 z]"),
        OrderingScript("D35", "l L; x→l B: [x l]; y: [x y l]; z→l B: [x y z l]"),
        OrderingScript("D36", "f F; x→f A: [f x]; y→f A: [f y x]; z: [f y x z]"),
        OrderingScript("D37 changed sides", "f F; l L: [f l]; -l; -f: []; l F: [l]; f L: [l f]; a: [l a f]"),
        OrderingScript("D38", "f F; a: [f a]; -f: [a]; f: [a f]; g F: [g a f]; f F: EEXIST"),
        OrderingScript("D39", "l L; x→l B: [x l]; -l: [x]; y: [x y]; l: [x l y]; z: [x l y z]"),
        OrderingScript("D40", "l L; x→l B: [x l]; -l: [x]; y: [x y]; l L: [x y l]"),
        OrderingScript("D41", "l L; x→l B: [x l]; -l: [x]; l F: EBUSY [x]; l→x B: EBUSY [x]; l→x A: [x l]"),
        OrderingScript(
            "D42", "a; z; m→a A: [a m z]; n→z B: [a m n z]; -a; -z: [m n]; z: [m n z]; a: [a m n z]"),
        OrderingScript("D43", "a; l L; x→a A: [a x l]; y→l B: [a x y l]; b: [a x y b l]"),
        OrderingScript("D44", "f F; l L; m→f A: [f m l]; n→l B: [f m n l]; f2→f B: EBUSY; l2→l A: EBUSY [f m n l]"),
    ]

    @Test(arguments: illumos)
    func illumosOrdering(_ script: OrderingScript) throws {
        try play(script, ordering: .illumos)
    }

    @Test(arguments: documented)
    func documentedOrdering(_ script: OrderingScript) throws {
        try play(script, ordering: .documented)
    }

    private func play(_ script: OrderingScript, ordering: Ordering) throws {
        let publication = Publication(readers: 1)
        let reader = try publication.makeReader()
        let event = HookEvent<Trace>.sample(ordering: ordering, publication: publication)
        var positions: [String: Int] = [:]
        for step in try script.steps() {
            var errno: Errno?
            do throws(HookError) {
                switch step.operation {
                case .register(let name, let hint):
                    try event.register(.tracing(name, hint: hint))
                    positions = Dictionary(
                        uniqueKeysWithValues: event.snapshot().enumerated().map { ($1.name, $0 + 1) })
                case .unregister(let name):
                    try event.unregister(named: name)
                    positions[name] = nil
                }
            } catch {
                errno = error.errno
            }
            #expect(errno == step.errno, "\(step.text)")
            let order = event.trace(reader)
            if let expected = step.order {
                #expect(order == expected, "\(step.text)")
            }
            let hooks = event.snapshot()
            #expect(hooks.map(\.name) == order, "\(step.text)")
            #expect(
                Dictionary(uniqueKeysWithValues: hooks.map { ($0.name, $0.position) }) == positions, "\(step.text)")
        }
    }
}
