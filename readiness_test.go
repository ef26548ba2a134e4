// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// readinessSite gives what the site on docs/operations/admin.md has in it, which
// shows one address of the admin endpoint to a load balancer.
func readinessSite(t *testing.T) string {
	t.Helper()
	snippets, _ := snippetsOf(read(t, "docs/operations/admin.md"))
	if len(snippets) == 0 {
		t.Fatal("expected a Caddyfile")
	}
	directives, ok := strings.CutPrefix(snippets[0].caddyfile, "http://:8081 {\n")
	if !ok {
		t.Fatalf("expected a site of its own, got %s", snippets[0].caddyfile)
	}
	return strings.TrimSuffix(directives, "}\n")
}

func TestALoadBalancerLearnsOfReadinessAndOfNothingElse(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	a := serveAdmin(t, "clerk_auth /gated {\n"+c.settings()+"\n}\n"+strings.ReplaceAll(readinessSite(t), "localhost:2019", "{{admin}}"))
	a.get("/gated", c.bearer(t, "alice", "")...)
	ready := a.get("/clerk/ready", "Origin", "https://evil.example")
	ready.expect(t, http.StatusOK, "Content-Type", "application/json")
	if strings.TrimSpace(ready.body) != `{"ready":true}` {
		t.Errorf("got %s", ready.body)
	}
	for target, method := range map[string]string{
		"/clerk/ready": http.MethodPost, "/clerk/revoke": http.MethodPost, "/clerk/instances": http.MethodGet, "/config/": http.MethodGet,
		"/load": http.MethodPost, "/stop": http.MethodPost, "/clerk/ready/": http.MethodGet,
		"/clerk/ready/../../config/": http.MethodGet, "/clerk/ready/%2e%2e/instances": http.MethodGet,
	} {
		if got := a.send(method, target); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s: expected it not to be found, got %d %s", method, target, got.StatusCode, got.body)
		}
	}
}
