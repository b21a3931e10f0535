// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// Metrics over the control interface.
extension DaemonBackend {
    func metrics() async throws(ControlError) -> String {
        String(decoding: await metricsSource.text(), as: UTF8.self)
    }
}
