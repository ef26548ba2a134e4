// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"regexp"
	"strconv"
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

// series gives the metrics of this module by their names and labels.
func (s *site) series(t *testing.T) map[string]float64 {
	t.Helper()
	answer := s.get("/metrics")
	answer.expect(t, http.StatusOK)
	found := map[string]float64{}
	for line := range strings.Lines(answer.body) {
		name, text, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if !ok || !strings.HasPrefix(line, "caddy_clerk_") {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		found[name+"}"] = value
	}
	return found
}

// Counters are the process's, so what is expected is how they grow.
func TestMetricsCountWhatHappens(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	directives := `
	handle /metrics {
		metrics
	}
	handle /twice {
		clerk_auth {
			` + c.settings() + `
		}
		clerk_auth {
			` + c.settings() + `
			require role org:owner
		}
	}
	handle {
		clerk_auth {
			` + c.settings() + `
			sign_out /sign-out
			accepts_token session_token api_key
		}
		respond "in"
	}`
	s := serve(t, "", directives)
	bearer := c.bearer(t, "alice", "")
	count := func(status, reason, tokenType string) string {
		return `caddy_clerk_requests_total{reason="` + reason + `",status="` + status + `",token_type="` + tokenType + `"}`
	}
	verifications := func(outcome string) string { return `caddy_clerk_verifications_total{outcome="` + outcome + `"}` }
	for name, test := range map[string]struct {
		ask  func()
		want map[string]float64
	}{
		"a token, twice": {
			func() { s.get("/", bearer...); s.get("/", bearer...) },
			map[string]float64{count("signed-in", "", "session_token"): 2, verifications("cached"): 1, verifications("verified"): 1},
		},
		"no token": {
			func() { s.get("/", "Authorization", "Bearer a.b.c") },
			map[string]float64{count("signed-out", "token-invalid", "session_token"): 1},
		},
		"a key": {
			func() { s.get("/", c.machineToken(t, "api_key")...) },
			map[string]float64{
				count("signed-in", "", "api_key"):                                            1,
				`caddy_clerk_backend_api_calls_total{code="200",operation="verify_api_key"}`: 1,
			},
		},
		"a key that is none": {
			func() { s.get("/", "Authorization", "Bearer ak_none") },
			map[string]float64{
				count("signed-out", "token-invalid", "api_key"):                              1,
				`caddy_clerk_backend_api_calls_total{code="404",operation="verify_api_key"}`: 1,
			},
		},
		"a page load": {
			func() { s.get("/", document...) },
			map[string]float64{count("handshake", "dev-browser-missing", "session_token"): 1},
		},
		"two gates": {
			func() { s.get("/twice", c.bearer(t, "bob", "")...) },
			map[string]float64{
				count("signed-in", "", "session_token"):             1,
				count("signed-in", "missing-role", "session_token"): 1,
			},
		},
		"signing out from elsewhere": {
			func() { s.send(http.MethodPost, "/sign-out") },
			map[string]float64{count("", "sign-out-cross-origin", ""): 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.series(t)
			test.ask()
			after := s.series(t)
			for name, want := range test.want {
				if got := after[name] - before[name]; got != want {
					t.Errorf("expected %s to grow by %v, got %v", name, want, got)
				}
			}
		})
	}

	before := s.series(t)
	if err := s.load("", directives); err != nil {
		t.Fatal(err)
	}
	after := s.series(t)
	for name, value := range before {
		if strings.Contains(name, "_total{") && after[name] < value {
			t.Errorf("expected %s to survive the reload with %v, got %v", name, value, after[name])
		}
	}
	for _, name := range []string{
		`caddy_clerk_jwks_refreshes_total{result="success",trigger="missing"}`, `caddy_clerk_signature_check_duration_seconds_bucket{le="+Inf"}`,
	} {
		if after[name] == 0 {
			t.Errorf("expected %s to have grown", name)
		}
	}
}

// What clients send must not become series, however much of it there is.
func TestClientsCannotMultiplyMetrics(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	handle /metrics {
		metrics
	}
	handle {
		clerk_auth {
			`+c.settings()+`
			accepts_token any
		}
	}`)
	before := len(s.series(t))
	for i := range 40 {
		mark := strconv.Itoa(7000 + i)
		s.get("/"+mark, "Authorization", "Bearer "+mark)
		s.get("/?__clerk_handshake="+mark, document...)
		s.get("/?__clerk_handshake_nonce="+mark, document...)
		s.get("/", "Authorization", "Bearer ak_"+mark)
		s.get("/", "Authorization", "Bearer oat_"+mark, "User-Agent", mark)
		s.get("/", "Cookie", "__session="+mark+"; __client_uat="+mark+"; __clerk_db_jwt="+mark)
		s.send("M"+mark, "/", "X-Clerk-Auth-Reason", mark)
	}
	after := s.series(t)
	for name := range after {
		if strings.HasPrefix(name, "caddy_clerk_requests_total{") && strings.Contains(name, "70") {
			t.Errorf("expected nothing that a client sent, got %s", name)
		}
	}
	if added := len(after) - before; added > 40 {
		t.Errorf("expected a few series more, got %d", added)
	}
}
