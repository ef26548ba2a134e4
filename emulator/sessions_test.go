// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSeveralPeopleInOneBrowser(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, c *clock) {
		p := openPage(t, e)
		alice, bob := p.signIn("alice"), p.signIn("bob")
		carol := p.signIn("carol")
		if got := p.people(); got != "user_alice user_bob user_carol*" {
			t.Errorf("signed in: %s", got)
		}
		p.post("/client/sessions/"+alice+"/touch", url.Values{"intent": {"select_session"}})
		if got := p.people(); got != "user_alice* user_bob user_carol" {
			t.Errorf("alice is not the active one: %s", got)
		}
		c.advance(time.Minute)
		r := p.post("/client/sessions/"+alice+"/remove", nil)
		if r.at("response.id") != alice || r.at("response.status") != "removed" || r.at("client.last_active_session_id") != carol {
			t.Errorf("body %v", r.body)
		}
		if uat := p.cookies["__client_uat"]; e.production && uat != "1800000060" {
			t.Errorf("__client_uat is %s", uat)
		}
		if r.at("client.updated_at") != float64(c.now().UnixMilli()) {
			t.Errorf("updated_at is %v", r.at("client.updated_at"))
		}
		p.post("/client/sessions/"+bob+"?_method=DELETE", nil)
		if got := p.people(); got != "user_carol*" {
			t.Errorf("signed in: %s", got)
		}
		if r := p.post("/client/sessions/"+carol+"/end", nil); r.at("client.last_active_session_id") != nil || r.at("client.id") == nil {
			t.Errorf("body %v", r.body)
		}
		if got := p.people(); got != "" {
			t.Errorf("signed in: %s", got)
		}
	})
}

func TestSignOutOfAll(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		alice := p.signIn("alice")
		refresh := p.cookies["__refresh_"+e.CookieSuffix()]
		p.signIn("bob")
		r := p.post("/client/sessions?_method=DELETE", nil)
		if r.StatusCode != http.StatusOK || len(r.at("client.sessions").([]any)) != 0 {
			t.Errorf("status %d, body %v", r.StatusCode, r.body)
		}
		if r := p.post("/client/sessions/"+alice+"/tokens", nil); r.StatusCode != http.StatusUnauthorized || r.code() != "authentication_invalid" {
			t.Errorf("a token of a session that ended: status %d, %s", r.StatusCode, r.code())
		}
		if e.store.refreshed(refresh) != nil {
			t.Error("the refresh token outlives its session")
		}
	})
}

func TestOneBrowserHoldsSoManyPeople(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	p := openPage(t, e)
	first := p.signIn("0@example.com")
	for i := range maxSessions {
		p.signIn(strings.Repeat("a", i+1) + "@example.com")
	}
	c := e.store.clientOf(p.devBrowser)
	if len(c.sessions) != maxSessions || c.session(first) != nil || c.session(c.active) == nil {
		t.Errorf("%d sessions, the first is kept: %t", len(c.sessions), c.session(first) != nil)
	}
}

func TestTokens(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, c *clock) {
		p := openPage(t, e)
		session := p.signIn("alice")
		c.advance(43 * time.Second)
		for name, step := range map[string]struct {
			path   string
			form   url.Values
			status int
			role   any
		}{
			"as the session is":      {"/tokens", nil, 200, "admin"},
			"of an organization":     {"/tokens", url.Values{"organization_id": {"org_globex"}, "tab_state": {"focused"}}, 200, "member"},
			"of the own account":     {"/tokens?debug=skip_cache", url.Values{"organization_id": {""}}, 200, nil},
			"of a foreign one":       {"/tokens", url.Values{"organization_id": {"org_initech"}}, 404, nil},
			"of a template":          {"/tokens/supabase", nil, 200, "admin"},
			"of an escaped template": {"/tokens/%2e%2e", nil, 200, "admin"},
		} {
			t.Run(name, func(t *testing.T) {
				r := p.post("/client/sessions/"+session+step.path, step.form)
				if r.StatusCode != step.status {
					t.Fatalf("status %d, want %d", r.StatusCode, step.status)
				}
				if step.status != http.StatusOK {
					return
				}
				claims := p.claims(r.body["jwt"])
				o, _ := claims["o"].(map[string]any)
				if o["rol"] != step.role || claims["sid"] != session || claims["azp"] != site || claims["iat"] != float64(c.now().Unix()) {
					t.Errorf("claims %v", claims)
				}
			})
		}
		if got := p.get("/client").at("response.sessions.0.last_active_organization_id"); got != "org_acme" {
			t.Errorf("a token changed the session's organization to %v", got)
		}
	})
}

// The refresh cookie that a page's token comes with renews the session as one of
// a handshake does.
func TestTheRefreshCookieOfAToken(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, c *clock) {
		p := openPage(t, e)
		session := p.signIn("alice")
		token, _ := p.post("/client/sessions/"+session+"/tokens", nil).body["jwt"].(string)
		c.advance(time.Hour)
		v := visit{session: session, token: token, refresh: p.cookies["__refresh_"+e.CookieSuffix()]}
		if claims := p.claims(lastSession(renewed(t, renew(e, session, v.body(nil))))); claims["sid"] != session {
			t.Errorf("claims %v", claims)
		}
	})
}

// What an application revokes, pages learn of.
func TestRevokedSessionsAreOverForPages(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, c *clock) {
		p := openPage(t, e)
		alice, bob := p.signIn("alice"), p.signIn("bob")
		c.advance(time.Minute)
		for i, want := range []struct{ session, left, uat string }{{bob, "user_alice*", "1800000060"}, {alice, "", "0"}} {
			if r := revoke(e, want.session); r.StatusCode != http.StatusOK {
				t.Fatalf("status %d", r.StatusCode)
			}
			for _, action := range []string{"tokens", "touch", "remove"} {
				if r := p.post("/client/sessions/"+want.session+"/"+action, nil); r.StatusCode != http.StatusUnauthorized {
					t.Errorf("%d: %s: status %d", i, action, r.StatusCode)
				}
			}
			if got := p.people(); got != want.left {
				t.Errorf("signed in: %q, want %q", got, want.left)
			}
			if uat := p.cookies["__client_uat"]; e.production && uat != want.uat {
				t.Errorf("__client_uat is %s, want %s", uat, want.uat)
			}
		}
	})
}

// The plain pages, the handshake and the Frontend API know the same sessions.
func TestPagesAndFrontendAPIAreOne(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		session := p.signIn("alice")
		browser := p.devBrowser
		if e.production {
			browser = p.cookies["__client"]
		}
		redirect := site + "/?a"
		directives := payload(t, e, shake(e, browser, "nonce", redirect), redirect)
		if claims := p.claims(lastSession(directives)); claims["sid"] != session {
			t.Errorf("the handshake's claims are %v", claims)
		}
		as := withCookie(cookieClient, browser)
		if !e.production {
			as = withCookie(cookieDevBrowser, browser)
		}
		response := call(e, "POST", "/sign-in", as, withForm(url.Values{"user": {"bob"}}))
		if client := setCookie(response)["__client"]; e.production {
			p.cookies["__client"] = client
		}
		if got := p.people(); got != "user_bob*" {
			t.Errorf("after the plain page %s is signed in", got)
		}
		if e.production {
			as = withCookie(cookieClient, p.cookies["__client"])
		}
		call(e, "POST", "/sign-out", as)
		if got := p.people(); got != "" {
			t.Errorf("after the plain page %s is signed in", got)
		}
	})
}

// No token is older than the time that the browser is told, to the second.
func TestTokensAreNeverOlderThanTheSignIn(t *testing.T) {
	e, c := newTestEmulator(t, Options{Production: true})
	p := openPage(t, e)
	for _, who := range []string{"alice", "bob"} {
		c.advance(300 * time.Millisecond)
		session := p.signIn(who)
		tokens := []any{
			p.post("/client/sessions/"+session+"/tokens", nil).body["jwt"],
			p.get("/client").at("response.sessions.0.last_active_token.jwt"),
		}
		for _, token := range tokens {
			iat := p.claims(token)["iat"].(float64)
			uat, err := strconv.ParseFloat(p.cookies["__client_uat"], 64)
			if err != nil || uat < 1_800_000_001 || iat < uat {
				t.Errorf("iat %v, __client_uat %v (%v)", iat, uat, err)
			}
		}
	}
}
