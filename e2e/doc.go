// SPDX-License-Identifier: Apache-2.0

// Package e2e uses the demo as a person does: a real Caddy in this process, with
// examples/demo/Caddyfile as its configuration, and a real Chromium in front of
// it. Its tests have the build tag "e2e", since they need a browser:
//
//	go test -tags e2e ./e2e
//
// With -update-screenshots they also take the pictures in docs/images.
package e2e
