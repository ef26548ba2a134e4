// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Terminal is what a command is run in by a test.
type Terminal struct {
	In        string
	Colors    bool
	Transport http.RoundTripper
	Now       time.Time
}

// Run runs `caddy clerk` with arguments, and gives what it prints and its exit
// status.
func (t Terminal) Run(args ...string) (out, errs string, status int) {
	var stdout, stderr strings.Builder
	c := &console{
		in: strings.NewReader(t.In), out: &stdout, errors: &stderr,
		colors: t.Colors, transport: t.Transport, now: func() time.Time { return t.Now },
		fetched: make(map[string]*fetchedSet),
	}
	root, parent := &cobra.Command{Use: "caddy", SilenceUsage: true}, &cobra.Command{Use: "clerk", Long: commandHelp}
	c.addTo(parent)
	root.AddCommand(parent)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(append([]string{"clerk"}, args...))
	switch err := root.Execute(); {
	case err == nil:
	case errors.Is(err, errNotWell):
		status = exitNotWell
	default:
		status = exitUsage // As Caddy's own error says, which is not exported.
	}
	return stdout.String(), stderr.String(), status
}
