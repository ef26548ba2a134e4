// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// accessLine gives the fields of the line about the last request. Caddy is
// stopped before, so that the line has been written.
func (s *site) accessLine() map[string]any {
	s.t.Helper()
	if err := caddy.Stop(); err != nil {
		s.t.Fatal(err)
	}
	var last map[string]any
	for lines := bufio.NewScanner(strings.NewReader(s.log())); lines.Scan(); {
		var line map[string]any
		if json.Unmarshal(lines.Bytes(), &line) == nil && line["msg"] == "handled request" {
			last = line
		}
	}
	return last
}

func TestAccessLogsTellWhoItWasAndWhyNot(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	for name, row := range map[string]struct {
		headers            []string
		user, reason, kind any
		status             int
	}{
		"an admin":   {c.bearer(t, "alice", ""), "user_alice", nil, "session_token", http.StatusOK},
		"a member":   {c.bearer(t, "bob", ""), "", "missing-role", "session_token", http.StatusForbidden},
		"an API key": {c.machineToken(t, "api_key"), "", "missing-role", "api_key", http.StatusForbidden},
		"a bad token": {
			[]string{"Authorization", "Bearer a.b.c"}, "", "token-invalid", "session_token", http.StatusUnauthorized,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "", `
			log
			clerk_auth {
				`+c.settings()+`
				accepts_token session_token api_key
				require role org:admin
			}
			respond in`)
			s.get("/", row.headers...).expect(t, row.status)
			line := s.accessLine()
			if line["user_id"] != row.user || line["clerk_reason"] != row.reason || line["clerk_token_type"] != row.kind {
				t.Errorf("expected %v, %v and %v, got %v", row.user, row.reason, row.kind, line)
			}
			if token := strings.TrimPrefix(row.headers[1], "Bearer "); strings.Contains(s.log(), token) {
				t.Error("expected no token in the log")
			}
		})
	}
}
