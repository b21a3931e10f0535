// SPDX-License-Identifier: Apache-2.0

#pragma once

// Nothing to call: what this module replaces is replaced when a program is linked with the options that Package.swift
// gives in a build for ThreadSanitizer.
