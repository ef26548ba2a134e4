// SPDX-License-Identifier: Apache-2.0

// Package conformance sends the same requests through Clerk's own backend SDK
// and through this project, and compares what they make of them. Its code and
// its tests have the build tag "conformance", since they need Node.js; see
// README.md.
package conformance
