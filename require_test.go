// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// tokenWith gives the headers of a program that sends a user's token with
// other claims than the usual ones.
func (c *clerk) tokenWith(t *testing.T, user string, claims map[string]any) []string {
	t.Helper()
	token, err := c.Token(user, "", emulator.WithClaims(claims))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}

// machineToken gives the headers of a program that sends a token of its own.
func (c *clerk) machineToken(t *testing.T, tokenType string) []string {
	t.Helper()
	resp, err := c.server.Client().Get(c.server.URL + "/__clerk/emulator/token?user=alice&type=" + tokenType)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	token, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("expected a token, got %s %s (%v)", resp.Status, token, err)
	}
	return []string{"Authorization", "Bearer " + string(token)}
}

// errorPage dresses errors so that everything shows that an error page may
// want to say.
const errorPage = `
	handle_errors {
		respond "{err.status_code} {http.auth.clerk.error}|{http.auth.clerk.message}|{http.auth.user.id}|{http.auth.user.org_id}|{http.auth.candidate.id}|{http.auth.candidate.org_role}"
	}`

func TestWhoLacksWhatIsRequiredIsForbidden(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	t.Setenv("PLAN", "gold")
	s := serve(t, "", `
	handle_path /role/* {
		clerk_auth {
			`+c.settings()+`
			require role admin org:owner
		}
		respond in
	}
	handle_path /permission/* {
		clerk_auth {
			`+c.settings()+`
			require permission org:teams:manage
			require permission org:dashboard:read
		}
		respond in
	}
	handle_path /feature/* {
		clerk_auth {
			`+c.settings()+`
			require feature user:gold teams
		}
		respond in
	}
	handle_path /plan/* {
		clerk_auth {
			`+c.settings()+`
			require plan {env.PLAN}
		}
		respond in
	}`+errorPage)
	alice, bob, carol := c.bearer(t, "alice", ""), c.bearer(t, "bob", ""), c.bearer(t, "carol", "")
	paying := c.tokenWith(t, "bob", map[string]any{"pla": "u:gold"})
	for _, row := range []struct {
		who, path string
		headers   []string
		missing   string // empty for who passes
	}{
		{"an admin", "/role/", alice, ""},
		{"a member", "/role/", bob, "missing-role"},
		{"somebody without an organization", "/role/", carol, "missing-role"},
		{"an admin", "/permission/", alice, ""},
		{"a member", "/permission/", bob, "missing-permission"},
		{"a member", "/feature/", bob, ""},
		{"somebody without an organization", "/feature/", carol, "missing-feature"},
		{"a paying member", "/plan/", paying, ""},
		{"an admin", "/plan/", alice, "missing-plan"},
	} {
		t.Run(row.who+" at "+row.path, func(t *testing.T) {
			answer := s.get(row.path, row.headers...)
			if row.missing == "" {
				answer.expect(t, http.StatusOK, "X-Clerk-Auth-Status", "")
				return
			}
			answer.expect(t, http.StatusForbidden, "X-Clerk-Auth-Status", "signed-in", "X-Clerk-Auth-Reason", row.missing,
				"Cache-Control", "no-store", "WWW-Authenticate", "", "Vary", "Cookie, Authorization")
			if !strings.HasPrefix(answer.body, "403 "+row.missing+"|") {
				t.Errorf("expected handle_errors to see %s, got %s", row.missing, answer.body)
			}
			s.get(row.path, append(row.headers, document...)...).expect(t, http.StatusForbidden, "Location", "")
		})
	}
	answer := s.get("/role/", bob...)
	if !strings.HasSuffix(answer.body, "|||user_bob|org:member") {
		t.Errorf("expected a candidate and no user, got %s", answer.body)
	}
	s.get("/role/").expect(t, http.StatusUnauthorized)
}

func TestForbidden404Hides(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		require role org:admin
		forbidden 404
	}
	respond in`)
	answer := s.get("/", c.bearer(t, "bob", "")...)
	answer.expect(t, http.StatusNotFound, "WWW-Authenticate", "")
	for name := range answer.Header {
		if strings.HasPrefix(name, "X-Clerk-") {
			t.Errorf("expected nothing that tells of a gate, got %s", name)
		}
	}
	s.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
}

// A 401 has a challenge, whatever it is for.
func TestForbidden401HasAChallenge(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		accepts_token any
		require role org:owner
		forbidden 401
	}
	respond in`)
	bob := c.bearer(t, "bob", "")
	cookies := fmt.Sprintf("__session=%s; __client_uat=%d", strings.TrimPrefix(bob[1], "Bearer "), time.Now().Unix()-60)
	const lacks = `Bearer realm="clerk", error="insufficient_scope"`
	for name, test := range map[string]struct {
		headers   []string
		challenge string
	}{
		"a header":  {bob, lacks},
		"a machine": {c.machineToken(t, "api_key"), lacks},
		"a cookie":  {[]string{"Cookie", cookies + "; __clerk_db_jwt=dvb"}, `Bearer realm="clerk"`},
	} {
		t.Run(name, func(t *testing.T) {
			s.get("/", test.headers...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "missing-role", "WWW-Authenticate", test.challenge)
		})
	}
}

// TestAStaleVerificationIsToldAsClerksFrontEndsExpectIt holds the answer that
// clerk-js's useReverification reacts to.
func TestAStaleVerificationIsToldAsClerksFrontEndsExpectIt(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	handle_path /preset/* {
		clerk_auth {
			`+c.settings()+`
			require reverification strict
			forbidden 404
		}
		respond in
	}
	handle_path /custom/* {
		clerk_auth {
			`+c.settings()+`
			require role org:admin
			require reverification first_factor 5
		}
		respond in
	}`+errorPage)
	fresh := c.tokenWith(t, "alice", map[string]any{"fva": []int{1, 1}})
	stale := c.tokenWith(t, "alice", map[string]any{"fva": []int{10, 10}})
	never := c.tokenWith(t, "alice", map[string]any{"fva": nil})

	s.get("/preset/", fresh...).expect(t, http.StatusOK)
	for _, headers := range [][]string{stale, never} {
		answer := s.get("/preset/", headers...)
		answer.expect(t, http.StatusForbidden, "Content-Type", "application/json", "Cache-Control", "no-store",
			"X-Clerk-Auth-Reason", "reverification-error")
		want := `{"clerk_error":{"type":"forbidden","reason":"reverification-error","metadata":{"reverification":"strict"}}}`
		if answer.body != want {
			t.Errorf("expected %s, got %s", want, answer.body)
		}
	}
	answer := s.get("/custom/", stale...)
	want := `{"clerk_error":{"type":"forbidden","reason":"reverification-error",` +
		`"metadata":{"reverification":{"level":"first_factor","afterMinutes":5}}}}`
	if answer.body != want {
		t.Errorf("expected %s, got %s", want, answer.body)
	}
	page := s.get("/custom/", append(stale, document...)...)
	page.expect(t, http.StatusForbidden)
	if !strings.HasPrefix(page.body, "403 reverification-error|") {
		t.Errorf("expected a page load to be dressed, got %s", page.body)
	}
	// Nobody is asked to prove again who they are, to be told no after that.
	member := c.tokenWith(t, "bob", map[string]any{"fva": []int{10, 10}})
	s.get("/custom/", member...).expect(t, http.StatusForbidden, "X-Clerk-Auth-Reason", "missing-role")
}

func TestMachinesNeedScopes(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	handle_path /write/* {
		clerk_auth {
			`+c.settings()+`
			accepts_token api_key oauth_token
			require scope write admin
		}
		respond in
	}
	handle_path /admin/* {
		clerk_auth {
			`+c.settings()+`
			accepts_token any
			require role org:admin
		}
		respond in
	}`+errorPage)
	apiKey := c.machineToken(t, "api_key")
	oauth := c.machineToken(t, "oauth_token")

	s.get("/write/", apiKey...).expect(t, http.StatusOK)
	s.get("/write/", oauth...).expect(t, http.StatusForbidden, "X-Clerk-Auth-Reason", "insufficient-scope",
		"WWW-Authenticate", `Bearer realm="clerk", error="insufficient_scope", scope="write admin"`)
	s.get("/admin/", apiKey...).expect(t, http.StatusForbidden, "X-Clerk-Auth-Reason", "missing-role",
		"WWW-Authenticate", `Bearer realm="clerk", error="insufficient_scope"`)
	s.get("/admin/", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	s.get("/write/", "Authorization", "Bearer ak_unknown").expect(t, http.StatusUnauthorized,
		"WWW-Authenticate", `Bearer realm="clerk", error="invalid_token", error_description="token-invalid"`)
}

func TestPreflightsPassOnlyWhereTheyAreLet(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	handle /open/* {
		clerk_auth {
			`+c.settings()+`
			preflight pass
		}
		respond "in as {http.clerk.user_id}[{header.X-Clerk-User-Id}]"
	}
	handle {
		clerk_auth {
			`+c.settings()+`
			preflight check
		}
		respond in
	}`)
	preflight := []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "PUT", "X-Clerk-User-Id", "forged"}
	answer := s.send(http.MethodOptions, "/open/", preflight...)
	answer.expect(t, http.StatusOK)
	if answer.body != "in as []" {
		t.Errorf("expected nobody and no forged header, got %q", answer.body)
	}
	s.send(http.MethodOptions, "/closed/", preflight...).expect(t, http.StatusUnauthorized)
	// What only looks like one is none.
	s.send(http.MethodOptions, "/open/").expect(t, http.StatusUnauthorized)
	s.send(http.MethodOptions, "/open/", preflight[:2]...).expect(t, http.StatusUnauthorized)
	s.send(http.MethodOptions, "/open/", preflight[2:]...).expect(t, http.StatusUnauthorized)
	s.send(http.MethodGet, "/open/", preflight...).expect(t, http.StatusUnauthorized)
}

// TestRequirementsOfSeveralGatesAddUp has the narrower gate turn away whom the
// wider one lets in, and the other way round.
func TestRequirementsOfSeveralGatesAddUp(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	site := `
	clerk_auth {
		` + c.settings() + `
		require feature teams
	}`
	admin := `
	clerk_auth /admin/* {
		` + c.settings() + `
		require role org:admin
	}`
	for name, directives := range map[string]string{"wide first": site + admin, "narrow first": admin + site} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "", directives+"\n\trespond in")
			for user, want := range map[string][2]int{"alice": {200, 200}, "bob": {200, 403}, "carol": {403, 403}} {
				token := c.bearer(t, user, "")
				s.get("/", token...).expect(t, want[0])
				s.get("/admin/", token...).expect(t, want[1])
			}
		})
	}
}

func TestPendingSessionsMeetNoRequirement(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		require role org:member
	}
	respond in`)
	pending := c.tokenWith(t, "bob", map[string]any{"sts": "pending"})
	s.get("/", pending...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-pending")
}
