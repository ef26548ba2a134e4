// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

func TestMatchersTellWhoIsThere(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	@admins clerk role org:admin owner
	@readers clerk permission org:teams:read
	@teams {
		clerk feature org:teams
		clerk token_type session_token m2m_token
	}
	@gold clerk plan gold
	@fresh clerk reverification lax
	@scope clerk scope write
	@people clerk token_type session_token
	@in clerk signed_in
	@both clerk {
		role org:admin
		feature teams
	}
	@expression expression clerk('role', 'org:admin') && !clerk('token_type', 'api_key', 'oauth_token') && clerk('signed_in')
	@out not clerk signed_in
	clerk_auth {
		`+c.settings()+`
		accepts_token any
		optional
	}
	route {
		vars matched ""
		vars @admins matched "{vars.matched} admins"
		vars @readers matched "{vars.matched} readers"
		vars @teams matched "{vars.matched} teams"
		vars @gold matched "{vars.matched} gold"
		vars @fresh matched "{vars.matched} fresh"
		vars @scope matched "{vars.matched} scope"
		vars @people matched "{vars.matched} people"
		vars @in matched "{vars.matched} in"
		vars @both matched "{vars.matched} both"
		vars @expression matched "{vars.matched} expression"
		vars @out matched "{vars.matched} out"
		respond "{vars.matched}"
	}`)
	for name, row := range map[string]struct {
		headers []string
		want    string
	}{
		"nobody":   {nil, "out"},
		"an admin": {c.bearer(t, "alice", ""), "admins readers teams fresh people in both expression"},
		"a member": {c.bearer(t, "bob", ""), "readers teams fresh people in"},
		"no organization, paying": {
			c.tokenWith(t, "carol", map[string]any{"pla": "u:gold", "fva": []int{2000, -1}}), "gold people in",
		},
		"a task left":     {c.tokenWith(t, "alice", map[string]any{"sts": "pending"}), "out"},
		"an API key":      {c.machineToken(t, "api_key"), "scope in"},
		"an M2M token":    {c.machineToken(t, "m2m_token"), "in"},
		"an unknown key":  {[]string{"Authorization", "Bearer ak_unknown"}, "out"},
		"a forged header": {[]string{"X-Clerk-Auth-Status", "signed-in", "X-Clerk-Org-Role", "org:admin"}, "out"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := s.get("/", row.headers...)
			answer.expect(t, http.StatusOK)
			if got := strings.TrimSpace(answer.body); got != row.want {
				t.Errorf("expected %q, got %q", row.want, got)
			}
		})
	}
}

func TestMatchersMatchNobodyWithoutAGateBeforeThem(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	@in clerk signed_in
	@expression expression clerk('signed_in')
	route {
		respond @in matched
		respond @expression matched
		clerk_auth {
			`+c.settings()+`
		}
		respond @in "matched behind the gate"
	}`)
	answer := s.get("/", c.bearer(t, "alice", "")...)
	if answer.body != "matched behind the gate" {
		t.Errorf("expected the matcher to need a gate, got %q", answer.body)
	}
}

// TestSeparateGatesForPeopleAndMachines is how a site has different
// requirements for the two.
func TestSeparateGatesForPeopleAndMachines(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		accepts_token session_token api_key oauth_token
	}
	@people clerk token_type session_token
	clerk_auth @people {
		`+c.settings()+`
		accepts_token session_token api_key oauth_token
		require role org:admin
	}
	@machines not clerk token_type session_token
	clerk_auth @machines {
		`+c.settings()+`
		accepts_token session_token api_key oauth_token
		require scope write
	}
	respond in`)
	for name, row := range map[string]struct {
		headers []string
		status  int
	}{
		"an admin":          {c.bearer(t, "alice", ""), http.StatusOK},
		"a member":          {c.bearer(t, "bob", ""), http.StatusForbidden},
		"an API key":        {c.machineToken(t, "api_key"), http.StatusOK},
		"an app's token":    {c.machineToken(t, "oauth_token"), http.StatusForbidden},
		"nobody":            {nil, http.StatusUnauthorized},
		"another's session": {[]string{"Authorization", "Bearer mt_x"}, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) { s.get("/", row.headers...).expect(t, row.status) })
	}
}

// TestAGateWhoseMatcherAsksWhoIsThereNeedsOneBeforeIt has such gates in the
// order in which they hold, which is that of the file, and in the other, in
// which the matcher would let everybody by.
func TestAGateWhoseMatcherAsksWhoIsThereNeedsOneBeforeIt(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	everybody := `
	@members not path /public/*
	clerk_auth @members {
		` + c.settings() + `
	}`
	admins := `
	@people clerk token_type session_token
	clerk_auth @people {
		` + c.settings() + `
		require role org:admin
	}`
	s := serve(t, "", everybody+admins+"\n\trespond in")
	for user, status := range map[string]int{"alice": http.StatusOK, "bob": http.StatusForbidden} {
		s.get("/", c.bearer(t, user, "")...).expect(t, status)
	}
	s.get("/").expect(t, http.StatusUnauthorized)
	s.get("/public/").expect(t, http.StatusOK)

	s = serve(t, "", admins+`
	handle /in {
		clerk_auth {
			`+c.settings()+`
		}
		respond in
	}
	respond in`)
	s.get("/", c.bearer(t, "bob", "")...).expect(t, http.StatusInternalServerError)
	s.get("/in", c.bearer(t, "bob", "")...).expect(t, http.StatusInternalServerError)
	if !strings.Contains(s.log(), "no clerk_auth before it has found that out") {
		t.Error("expected the log to tell what is wrong")
	}
}

// TestAMatcherThatAsksWhoIsThereIsKnownAsOne writes the question in every way
// that Caddy understands. A gate under it, with none before, would let everybody
// by.
func TestAMatcherThatAsksWhoIsThereIsKnownAsOne(t *testing.T) {
	for matcher, asks := range map[string]bool{
		"clerk signed_in":                       true,
		"not clerk signed_in":                   true,
		"expression clerk('role', 'org:admin')": true,
		"expression `\n\tclerk('role', 'org:admin')\n\t|| path('/a')`":   true,
		"expression `\nclerk('role', 'org:admin')`":                      true,
		"expression `path('/a')&&clerk('role', 'org:admin')`":            true,
		"expression `clerk ('role', 'org:admin')`":                       true,
		"not expression `\n!clerk('signed_in')`":                         true,
		"expression `{http.clerk.org_role} == 'org:admin'`":              true,
		"expression `ph(req, 'http.auth.user.id') != ''`":                true,
		"expression `header({'X-Clerk-Org-Role': 'org:admin'})`":         true,
		"expression `{http.request.header.X-Clerk-User-Id} != ''`":       true,
		"vars {http.clerk.org_role} org:admin":                           true,
		"vars_regexp {http.auth.user.org_role} admin":                    true,
		"vars {http.request.header.x-clerk-org-role} org:admin":          true,
		"header X-Clerk-Org-Role org:admin":                              true,
		"header_regexp x-clerk-org-role admin":                           true,
		"not header X-Clerk-User-Id *":                                   true,
		"path_regexp ^/clerk(s)?$":                                       false,
		"path /x-clerk-docs/*":                                           false,
		"expression `path('/clerks(.*)') && {path} != 'http/clerk.'`":    false,
		"header X-Auth-Clerk yes":                                        false,
		"expression `isclerk == 1 || {http.vars.clerk_matcher} == 'no'`": false,
	} {
		config := string(adapt(t, ":80 {\n@m "+matcher+"\nclerk_auth @m\n}\n"))
		if got := strings.Contains(config, `"behind_gate":true`); got != asks {
			t.Errorf("%s: expected it to ask: %t, got %t", matcher, asks, got)
		}
	}
}

// TestExpressionsTakeWhatAClientSendsAsItIs asks for a role that a request
// names. What looks like a placeholder in it must not be one: it could be of a
// file or a secret.
func TestExpressionsTakeWhatAClientSendsAsItIs(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	t.Setenv("ROLE", "org:admin")
	t.Setenv("SECRET", "a secret")
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
	}
	@asked expression clerk('role', {http.request.header.X-Role})
	@env expression clerk('role', {env.ROLE})
	respond @asked asked
	respond @env "{http.request.header.X-None}env"
	handle_errors {
		respond "{err.message}"
	}`)
	for role, want := range map[string]string{
		"org:admin": "asked", "org:member": "env", "{env.ROLE}": "env", "{env.SECRET}": "env", "{file./etc/passwd}": "env",
	} {
		if got := s.get("/", append(c.bearer(t, "alice", ""), "X-Role", role)...); got.body != want {
			t.Errorf("%s: expected %s, got %d %q", role, want, got.StatusCode, got.body)
		}
	}
}
