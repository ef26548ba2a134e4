// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// Whoever is caught in a redirect loop is told what was found of it, in the
// form that was asked for, and the log tells as well.
func TestARedirectLoopNamesItsCause(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
	}
	respond "in"`)
	other := emulate(t, emulator.Options{Production: true, FrontendAPI: "clerk.other.example"})
	suffix := b.CookieSuffix()
	sign := func(e *emulator.Emulator, at time.Time) string {
		token, err := e.Token("alice", s.url, emulator.IssuedAt(at))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	now := time.Now()
	caught := func(cookies string) string { return "__clerk_redirect_count=3; " + cookies }
	for cause, cookies := range map[string]string{
		`the session in the browser is of "https://clerk.other.example"`: "__session_" + suffix + "=" + sign(other, now) + "; __client_uat_" + suffix + "=9999999999",
		"this machine's clock is ahead of Clerk's, by ":                  "__session=" + sign(b.Emulator, now.Add(-time.Hour)) + "; __client_uat=1",
		"this machine's clock is behind Clerk's, by ":                    "__session=" + sign(b.Emulator, now.Add(time.Hour)) + "; __client_uat=1",
		"the cookie __client_uat came 2 times":                           "__client_uat=1; __client_uat=2",
	} {
		page := s.get("/", append([]string{"Cookie", caught(cookies)}, document...)...)
		page.expect(t, http.StatusUnauthorized, "Location", "", "Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-store",
			"WWW-Authenticate", `Bearer realm="clerk"`)
		if plain := strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(page.body); !strings.Contains(plain, cause) {
			t.Errorf("expected %q, got %s", cause, plain)
		}
		asked := s.get("/", "Cookie", caught(cookies), "Sec-Fetch-Dest", "document", "Accept", "application/json")
		asked.expect(t, http.StatusUnauthorized, "Content-Type", "application/json")
		var told struct{ Causes []string }
		if err := json.Unmarshal([]byte(asked.body), &told); err != nil || !strings.Contains(strings.Join(told.Causes, "\n"), cause) {
			t.Errorf("expected %q, got %s (%v)", cause, asked.body, err)
		}
	}
	warnings := 0
	for line := range strings.Lines(s.log()) {
		if strings.Contains(line, `"level":"warn"`) && strings.Contains(line, "redirect loop") && strings.Contains(line, `"causes":[`) {
			warnings++
		}
	}
	if warnings != 1 {
		t.Errorf("expected the loop to be logged once a minute with its causes, got %d lines", warnings)
	}
}

// What a request says of itself is shown, and is no HTML.
func TestALoopPageIsNoPlaceForMarkup(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
	}
	respond "in"`)
	token, err := b.Token("alice", s.url, emulator.WithClaims(map[string]any{"iss": "<script>alert(1)</script>" + strings.Repeat("x", 5000)}))
	if err != nil {
		t.Fatal(err)
	}
	suffix := b.CookieSuffix()
	page := s.get("/", append([]string{"Cookie", "__clerk_redirect_count=3; __session_" + suffix + "=" + token + "; __client_uat_" + suffix + "=9999999999"}, document...)...)
	page.expect(t, http.StatusUnauthorized)
	if strings.Contains(page.body, "<script") || !strings.Contains(page.body, "&lt;script&gt;") || len(page.body) > 4000 {
		t.Errorf("expected the claim to be escaped and cut, got %s", page.body)
	}
}
