// SPDX-License-Identifier: Apache-2.0

// Command caddy-clerk is Caddy with its standard modules and this one: what
// releases are built from, and what go install gives. It has no emulator, which
// would let anyone sign in as anyone; for the demo there is cmd/caddy.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-clerk/caddy-clerk"
)

func main() {
	caddycmd.Main()
}
