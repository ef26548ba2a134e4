// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// serveProvider runs a Caddy whose only route has the authentication handler
// with this module's provider and others, given as JSON.
func serveProvider(t *testing.T, c *clerk, others string) *site {
	t.Helper()
	return serveProviderThen(t, c, others, "")
}

// serveProviderThen has more handlers, as JSON with a comma behind each, in
// front of the one that answers errors.
func serveProviderThen(t *testing.T, c *clerk, others, onError string) *site {
	t.Helper()
	s := serve(t, "", "respond in")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":")
	config := fmt.Sprintf(`{
		"admin": {"disabled": true, "config": {"persist": false}},
		"storage": {"module": "file_system", "root": %q},
		"logging": {"logs": {"default": {"writer": {"output": "file", "filename": %q}}}},
		"apps": {"http": {"servers": {"srv0": {
			"listen": ["127.0.0.1:%s"], "automatic_https": {"disable": true},
			"routes": [{"handle": [
				{"handler": "authentication", "providers": {
					"clerk": {"publishable_key": %q, "secret_key": %q, "api_url": "%s/__clerk"}%s
				}},
				{"handler": "static_response", "body": %q}
			]}],
			"errors": {"routes": [{"handle": [
				%s{"handler": "static_response", "body": %q}
			]}]}
		}}}}
	}`, t.TempDir(), s.logFile, port, c.PublishableKey(), c.SecretKey(), c.server.URL, others,
		"{http.auth.user.id} {http.auth.user.org_slug} {http.auth.user.org_role} {http.auth.user.none}|{http.clerk.user_id} {http.request.header.X-Clerk-User-Id}",
		onError, "{http.auth.clerk.error}|{http.auth.candidate.id}|{http.auth.user.id}")
	if !json.Valid([]byte(config)) {
		t.Fatal(config)
	}
	if err := caddy.Load([]byte(config), true); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProviderAuthenticatesAndRedirectsNobody(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serveProvider(t, c, "")

	answer := s.get("/", append(c.bearer(t, "alice", ""), "X-Clerk-User-Id", "forged")...)
	answer.expect(t, http.StatusOK)
	if want := "user_alice acme org:admin |user_alice "; answer.body != want {
		t.Errorf("expected %q, got %q", want, answer.body)
	}
	for name, headers := range map[string][]string{"a page load": document, "a program": nil} {
		answer := s.get("/", headers...)
		answer.expect(t, http.StatusUnauthorized, "Location", "", "WWW-Authenticate", `Bearer realm="clerk"`, "Cache-Control", "no-store")
		if answer.body != "dev-browser-missing||" {
			t.Errorf("%s: expected the reason and nobody, got %q", name, answer.body)
		}
	}
	answer = s.get("/", c.tokenWith(t, "bob", map[string]any{"sts": "pending"})...)
	answer.expect(t, http.StatusUnauthorized)
	if answer.body != "session-pending|user_bob|" {
		t.Errorf("expected a candidate, got %q", answer.body)
	}
}

// TestEitherProviderIsEnough has basic authentication beside Clerk.
func TestEitherProviderIsEnough(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	// The password is "password".
	s := serveProvider(t, c, `, "http_basic": {"accounts": [{
		"username": "ops", "password": "$2a$04$WCZ3mlAWPn5np1uYxeBw8.YglY8SRom2I1s1m1GemRemItiFH6sky"
	}]}`)
	s.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	answer := s.get("/", "Authorization", "Basic b3BzOnBhc3N3b3Jk")
	answer.expect(t, http.StatusOK)
	if !strings.HasPrefix(answer.body, "ops ") {
		t.Errorf("expected the account's name, got %q", answer.body)
	}
	s.get("/", "Authorization", "Basic b3BzOndyb25n").expect(t, http.StatusUnauthorized)
	s.get("/").expect(t, http.StatusUnauthorized)
}

// TestAGateBehindTheProviderRedirectsAllTheSame answers who the provider turns
// away. What was found of the request is the same for both.
func TestAGateBehindTheProviderRedirectsAllTheSame(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serveProviderThen(t, c, "", fmt.Sprintf(`{"handler": "clerk_auth", "publishable_key": %q, "secret_key": %q, "api_url": "%s/__clerk"},`,
		c.PublishableKey(), c.SecretKey(), c.server.URL))
	answer := s.get("/", document...)
	answer.expect(t, http.StatusTemporaryRedirect, "X-Clerk-Auth-Status", "handshake", "Cache-Control", "no-store")
	if location := answer.Header.Get("Location"); !strings.Contains(location, "/v1/client/handshake") {
		t.Errorf("expected the handshake, got %q", location)
	}
	if cookies := answer.Header["Set-Cookie"]; len(cookies) != 1 {
		t.Errorf("expected the redirect to be counted once, got %q", cookies)
	}
}
