// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// gate provisions a handler outside of any server.
func gate(t testing.TB, settings map[string]any) caddyhttp.MiddlewareHandler {
	t.Helper()
	ctx, err := caddy.ProvisionContext(new(caddy.Config))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	module, err := ctx.LoadModuleByID("http.handlers.clerk_auth", raw)
	if err != nil {
		t.Fatal(err)
	}
	app, err := ctx.App("clerk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.(caddy.CleanerUpper).Cleanup(); err != nil {
			t.Error(err)
		}
	})
	return module.(caddyhttp.MiddlewareHandler)
}

// visits are requests of one person, as a program and as a browser sends them.
func visits(t testing.TB, e *emulator.Emulator) map[string]http.Header {
	t.Helper()
	token, err := e.Token("alice", "https://app.example.com")
	if err != nil {
		t.Fatal(err)
	}
	suffix := e.CookieSuffix()
	return map[string]http.Header{
		"by header": {"Authorization": {"Bearer " + token}, "User-Agent": {"curl/8"}, "Accept": {"*/*"}},
		"by cookie": {
			"Cookie": {"theme=dark; __client_uat=1; __client_uat_" + suffix + "=1; __session=" + token +
				"; __session_" + suffix + "=" + token + "; __clerk_db_jwt=a; __clerk_db_jwt_" + suffix + "=a"},
			"User-Agent":     {"Mozilla/5.0"},
			"Accept":         {"text/html,application/xhtml+xml"},
			"Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"},
			"Referer": {"https://app.example.com/a"},
		},
	}
}

// policies are what gates require: nothing, and something of each kind that
// visits meet.
var policies = map[string][]map[string]any{
	"without a policy": nil,
	"with a policy": {
		{"kind": "role", "values": []string{"org:owner", "org:admin"}},
		{"kind": "permission", "values": []string{"org:teams:manage"}},
		{"kind": "feature", "values": []string{"org:teams"}},
		{"kind": "reverification", "values": []string{"lax"}},
	},
}

// passes gives a gate of the emulator's instance, and a function that sends a
// visit through a handler as Caddy does.
func passes(t testing.TB, e *emulator.Emulator, policy []map[string]any) (
	handler caddyhttp.MiddlewareHandler, visit func(http.Header, caddyhttp.Handler),
) {
	t.Helper()
	withoutEnvironment(t)
	handler = gate(t, map[string]any{
		"publishable_key":    e.PublishableKey(),
		"secret_key":         e.SecretKey(),
		"jwt_key":            e.PublicKeyPEM(),
		"authorized_parties": []string{"https://app.example.com"},
		"require":            policy,
	})
	return handler, func(header http.Header, h caddyhttp.Handler) {
		r := httptest.NewRequest(http.MethodGet, "https://app.example.com/b", nil)
		r.Header = header
		w := httptest.NewRecorder()
		r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
		if err := h.ServeHTTP(w, r); err != nil {
			t.Fatal(err)
		}
	}
}

// behind is a handler behind a gate.
func behind(gate caddyhttp.MiddlewareHandler, next caddyhttp.Handler) caddyhttp.Handler {
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error { return gate.ServeHTTP(w, r, next) })
}

// A gate before everything must not make the garbage collector's work.
func TestAGateAddsThreeAllocationsAtMost(t *testing.T) {
	e := emulate(t, emulator.Options{})
	for policy, requirements := range policies {
		handler, visit := passes(t, e, requirements)
		passed := 0
		next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { passed++; return nil })
		gated := behind(handler, next)
		for name, header := range visits(t, e) {
			with := testing.AllocsPerRun(1000, func() { visit(header, gated) })
			without := testing.AllocsPerRun(1000, func() { visit(header, next) })
			if added := with - without; added > 3 {
				t.Errorf("%s, %s: expected 3 allocations at most, got %v", name, policy, added)
			}
		}
		if passed != 4*1001 {
			t.Errorf("%s: expected everybody to pass, got %d", policy, passed)
		}
	}
}

// BenchmarkGate lets one person pass again and again. What it takes beyond the
// request without a gate, which includes all that Caddy prepares, is the
// gate's own.
func BenchmarkGate(b *testing.B) {
	e := emulate(b, emulator.Options{})
	next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })
	benchmark := func(name string, visit func(http.Header, caddyhttp.Handler), header http.Header, h caddyhttp.Handler) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				visit(header, h)
			}
		})
	}
	for policy, requirements := range policies {
		handler, visit := passes(b, e, requirements)
		for name, header := range visits(b, e) {
			benchmark("gate "+policy+"/"+name, visit, header, behind(handler, next))
			if requirements == nil {
				benchmark("no gate/"+name, visit, header, next)
			}
		}
	}
}
