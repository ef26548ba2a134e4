// SPDX-License-Identifier: Apache-2.0

// Command caddy is the Caddy that the benchmark measures: with this module, and
// with a handler that stands for the floor of what any gate costs.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-clerk/caddy-clerk"
)

func main() {
	caddycmd.Main()
}
