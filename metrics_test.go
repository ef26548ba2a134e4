// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

func TestMetricsTellHowTheKeysAre(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	directives := `
	handle /metrics {
		metrics
	}
	handle {
		clerk_auth {
			` + c.settings() + `
		}
		respond "in"
	}
	handle /pem {
		clerk_auth {
			publishable_key ` + c.PublishableKey() + `
			jwt_key "` + strings.ReplaceAll(c.PublicKeyPEM(), "\n", `\n`) + `"
		}
	}`
	s := serve(t, "", directives)
	label := `{frontend_api="[a-z0-9.-]+",instance="[0-9a-f]{12}"} `
	fresh, stale := "caddy_clerk_keys_stale"+label+"0\n", "caddy_clerk_keys_stale"+label+"1\n"
	age := "caddy_clerk_keys_age_seconds" + label + "[0-9.e+-]+\n"

	s.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	s.wantMetrics(t, fresh, age)
	if err := s.load("", directives); err != nil {
		t.Fatal(err)
	}
	s.wantMetrics(t, fresh, age)

	down := startClerk(t, emulator.Options{})
	down.server.Close()
	if err := s.load("", strings.ReplaceAll(directives, c.settings(), down.settings())); err != nil {
		t.Fatal(err)
	}
	s.wantMetrics(t, stale)
}

// wantMetrics expects exactly these lines among the metrics of the keys.
func (s *site) wantMetrics(t *testing.T, want ...string) {
	t.Helper()
	answer := s.get("/metrics")
	answer.expect(t, http.StatusOK)
	if got := strings.Count(answer.body, "\ncaddy_clerk_keys_"); got != len(want) {
		t.Errorf("expected %d metrics of keys, got %d", len(want), got)
	}
	for _, line := range want {
		if !regexp.MustCompile(line).MatchString(answer.body) {
			t.Errorf("expected %s, got %s", line, answer.body)
		}
	}
}
