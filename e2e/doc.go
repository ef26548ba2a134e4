// SPDX-License-Identifier: Apache-2.0

// Package e2e uses the demo as a person does: a real Caddy in this process, with
// examples/demo/Caddyfile as its configuration, and a real Chromium in front of
// it. Its tests have the build tag "e2e", since they need a browser:
//
//	bash e2e/fetch
//	go test -tags e2e -parallel 8 ./e2e
//
// The first fetches Clerk's own client, which the demo is visited with, too, in
// four layouts at the same time: -token-lifetime and -lifetimes say how long that
// takes. With -update-screenshots they also take the pictures in docs/images, and
// with -update-table they write down in docs/clerk-js.md what a visit costs.
package e2e
