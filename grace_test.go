// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// bearerAged gives the headers of a program that sends a token of a while ago.
func (c *clerk) bearerAged(t *testing.T, user string, age time.Duration) []string {
	t.Helper()
	token, err := c.Token(user, "", emulator.IssuedAt(time.Now().Add(-age)))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}

// TestOutageGrace takes Clerk away and looks at who passes which gate.
func TestOutageGrace(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	gate := func(path, more string) string {
		return "clerk_auth " + path + " {\n" + c.settings() + "\n" + more + "\n}\n"
	}
	s := serve(t, "", "log\n"+gate("/grace", "outage_grace 10m")+gate("/none", "")+gate("/off", "outage_grace 0s")+
		"@fresh {\npath /grace\nclerk reverification lax\n}\nrespond @fresh `fresh`\nrespond `{http.clerk.user_id} {http.clerk.grace}`")
	const grace = "session-token-expired-outage-grace"
	old, older := c.bearerAged(t, "alice", 5*time.Minute), c.bearerAged(t, "alice", 20*time.Minute)

	s.get("/none", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	s.get("/grace", old...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-token-expired-refresh-non-eligible-no-refresh-cookie")
	c.server.Close()

	// The question is asked at most twice a minute, and the one before was
	// answered well: a key that is unknown finds out what it would.
	foreign, err := c.Sign(map[string]any{"kid": "ins_other", "cat": "cl_B7d4PD111AAA"}, map[string]any{"sub": "user_x", "iss": c.Issuer(), "exp": 1 << 35})
	if err != nil {
		t.Fatal(err)
	}
	s.get("/grace", "Authorization", "Bearer "+foreign).expect(t, http.StatusServiceUnavailable)

	answer := s.get("/grace", old...)
	answer.expect(t, http.StatusOK, "X-Clerk-Auth-Status", "signed-in", "X-Clerk-Auth-Reason", grace)
	if want := "user_alice " + grace; answer.body != want {
		t.Errorf("expected %q, got %q", want, answer.body)
	}
	if log := s.log(); !strings.Contains(log, `"clerk_grace":"`+grace+`"`) || !strings.Contains(log, "sessions that have expired pass for now") {
		t.Error("expected the log to tell of the grace")
	}
	s.send(http.MethodPost, "/grace", old...).expect(t, http.StatusUnauthorized)
	s.get("/grace", older...).expect(t, http.StatusUnauthorized)
	s.get("/none", old...).expect(t, http.StatusUnauthorized)
	s.get("/off", old...).expect(t, http.StatusUnauthorized)
	fresh := s.get("/grace", c.bearer(t, "alice", "")...)
	if fresh.expect(t, http.StatusOK, "X-Clerk-Auth-Status", ""); fresh.body != "fresh" {
		t.Errorf("expected a good session to be as ever, got %q", fresh.body)
	}
}

func TestAGraceThatNothingWouldEverGive(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	withoutEnvironment(t)
	pem := "publishable_key " + c.PublishableKey() + "\njwt_key \"" + c.PublicKeyPEM() + "\"\noutage_grace 1m"
	if err := provision(t, pem); err == nil || !strings.Contains(err.Error(), "outage_grace: jwt_key is verified with and there is no secret_key") {
		t.Errorf("expected it to be refused, got %v", err)
	}
	if err := provision(t, pem+"\nsecret_key "+c.SecretKey()); err != nil {
		t.Error(err)
	}
}
