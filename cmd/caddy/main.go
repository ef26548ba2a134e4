// SPDX-License-Identifier: Apache-2.0

// Command caddy is a Caddy with this module and the emulator built in, for the
// demo and for development. It is not for production, where anyone could sign in
// as anyone: releases are built from cmd/caddy-clerk, without the emulator.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-clerk/caddy-clerk"
	_ "github.com/caddy-clerk/caddy-clerk/emulator"
)

func main() {
	caddycmd.Main()
}
