// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

func TestGateLetsProgramsPassByTheirToken(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		authorized_parties http://localhost:{{port}}
	}
	respond "{http.clerk.user_id} {http.clerk.org_slug} {http.clerk.org_role} {http.auth.user.id}"`)
	token := c.bearer(t, "alice", s.url)

	answer := s.get("/", token...)
	answer.expect(t, http.StatusOK, "X-Clerk-Auth-Status", "")
	if want := "user_alice acme org:admin user_alice"; answer.body != want {
		t.Errorf("expected %q, got %q", want, answer.body)
	}
	s.get("/").expect(t, http.StatusUnauthorized,
		"X-Clerk-Auth-Status", "signed-out", "X-Clerk-Auth-Reason", "dev-browser-missing",
		"Cache-Control", "no-store", "WWW-Authenticate", `Bearer realm="clerk"`)

	foreign := c.bearer(t, "alice", "https://evil.example")
	s.get("/", foreign...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "token-invalid-authorized-parties",
		"WWW-Authenticate", `Bearer realm="clerk", error="invalid_token", error_description="token-invalid-authorized-parties"`)

	header, rest, _ := strings.Cut(token[1], ".")
	payload, signature, _ := strings.Cut(rest, ".")
	tampered := header + "." + payload + "." + flip(signature)
	s.get("/", "Authorization", tampered).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "token-invalid-signature")
}

// flip changes the first character of a signature, so that it stays base64url.
func flip(signature string) string {
	if signature[0] == 'A' {
		return "B" + signature[1:]
	}
	return "A" + signature[1:]
}

func TestGateRedirectsOnlyDocuments(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		proxy_url `+c.server.URL+`/__clerk
	}
	respond "in"`)

	answer := s.get("/a?b=c", document...)
	answer.expect(t, http.StatusTemporaryRedirect, "Cache-Control", "no-store", "X-Clerk-Auth-Status", "handshake")
	location, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(location.String(), c.server.URL+"/__clerk/v1/client/handshake?") {
		t.Fatalf("expected a handshake, got %v (%v)", location, err)
	}
	if got := location.Query().Get("redirect_url"); got != s.url+"/a?b=c" {
		t.Errorf("expected the way back to be the request, got %q", got)
	}

	for name, request := range map[string]struct {
		method  string
		headers []string
	}{
		"a program":      {http.MethodGet, nil},
		"a fetch":        {http.MethodGet, []string{"Sec-Fetch-Dest", "empty", "Accept", "text/html"}},
		"a form":         {http.MethodPost, document},
		"a probe":        {http.MethodHead, document},
		"a WebSocket":    {http.MethodGet, append([]string{"Connection", "Upgrade", "Upgrade", "websocket"}, document...)},
		"a plain socket": {http.MethodGet, []string{"Connection", "Upgrade", "Upgrade", "WebSocket", "Accept", "text/html"}},
		"server events":  {http.MethodGet, []string{"Accept", "text/event-stream"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.send(request.method, "/", request.headers...).expect(t, http.StatusUnauthorized, "Location", "")
		})
	}
}

func TestSignedOutStatusReplacesTheRedirect(t *testing.T) {
	c := startClerk(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		signed_out 404
	}
	respond "in"`)
	s.get("/", document...).expect(t, http.StatusNotFound, "Location", "", "WWW-Authenticate", "", "Cache-Control", "no-store")
}

func TestSignedOutDocumentsGoToTheSignInPage(t *testing.T) {
	c := startClerk(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
	s := serve(t, "", `
	clerk_auth /own/* {
		`+c.settings()+`
		sign_in_url /sign-in
	}
	clerk_auth {
		`+c.settings()+`
	}
	respond "in"`)
	back := url.QueryEscape(s.url + "/p?a=1")
	s.get("/p?a=1", document...).expect(t, http.StatusTemporaryRedirect,
		"Location", "https://accounts.example.com/sign-in?redirect_url="+back, "Cache-Control", "no-store")
	s.get("/own/p", document...).expect(t, http.StatusTemporaryRedirect,
		"Location", s.url+"/sign-in?redirect_url="+url.QueryEscape(s.url+"/own/p"))
}

// TestSignInPageBehindItsOwnGateIsNoLoop is the mistake that everybody makes
// once: the page to sign in on is asked to be signed in for.
func TestSignInPageBehindItsOwnGateIsNoLoop(t *testing.T) {
	c := startClerk(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		sign_in_url /sign-in
	}
	respond "in"`)
	answer := s.get("/sign-in?redirect_url=x", document...)
	answer.expect(t, http.StatusUnauthorized, "Location", "")
	if got := answer.Header.Get("X-Clerk-Auth-Message"); !strings.Contains(got, "behind the gate itself") {
		t.Errorf("expected the message to name the cause, got %q", got)
	}
}

// TestSigningInForARejectedSessionEnds is what a missing origin in
// authorized_parties does: Clerk's page knows the person, and sends them
// straight back with the session that is rejected.
func TestSigningInForARejectedSessionEnds(t *testing.T) {
	c := startClerk(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		authorized_parties https://another.example.com
	}
	respond "in"`)
	token, err := c.Token("alice", s.url)
	if err != nil {
		t.Fatal(err)
	}
	session, count := "__client_uat=1; __session="+token, ""
	for range 3 {
		answer := s.get("/", append(document, "Cookie", session+count)...)
		answer.expect(t, http.StatusTemporaryRedirect, "X-Clerk-Auth-Reason", "token-invalid-authorized-parties")
		cookie, attributes, _ := strings.Cut(answer.Header.Get("Set-Cookie"), ";")
		if !strings.Contains(attributes, "Max-Age=10") {
			t.Errorf("expected to be counted as long as a page takes to send people back, got %q", attributes)
		}
		count = "; " + cookie
	}
	answer := s.get("/", append(document, "Cookie", session+count, "Accept", "text/html")...)
	answer.expect(t, http.StatusUnauthorized, "Location", "", "X-Clerk-Auth-Reason", "token-invalid-authorized-parties", "Content-Type", "text/html; charset=utf-8")
	if !strings.Contains(answer.body, "the session is refused here each time: ") || !strings.Contains(answer.body, "another.example.com") {
		t.Errorf("expected a page with the cause, got %s", answer.body)
	}
	if log := s.log(); !strings.Contains(log, "redirect loop: signing in leads back here") {
		t.Error("expected the log to tell of the loop")
	}
	if message := answer.Header.Get("X-Clerk-Auth-Message"); !strings.Contains(message, "another.example.com") || !strings.Contains(message, "signing in leads back") {
		t.Errorf("expected the message to name the cause, got %q", message)
	}
}

func TestPendingSessionsDoNotPass(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	@open path /open
	clerk_auth @open {
		`+c.settings()+`
		optional
	}
	@gated not path /open
	clerk_auth @gated {
		`+c.settings()+`
		sign_in_url /sign-in
	}
	respond "[{http.clerk.status}] [{http.clerk.reason}] [{http.clerk.user_id}] [{http.clerk.session_id}] [{http.clerk.token}] [{http.clerk.claims.sub}] [{http.auth.user.id}] [{http.auth.candidate.id}]"`)
	token := c.bearer(t, "dave", "")

	s.get("/", token...).expect(t, http.StatusUnauthorized,
		"X-Clerk-Auth-Status", "signed-out", "X-Clerk-Auth-Reason", "session-pending", "Cache-Control", "no-store")
	s.get("/", append(token, document...)...).expect(t, http.StatusTemporaryRedirect,
		"Location", s.url+"/sign-in/tasks?redirect_url="+url.QueryEscape(s.url+"/"))

	answer := s.get("/open", token...)
	answer.expect(t, http.StatusOK)
	if want := "[signed-in] [session-pending] [] [] [] [] [] [user_dave]"; answer.body != want {
		t.Errorf("expected %q, got %q", want, answer.body)
	}
}

// TestNothingIsAskedOfClerkOncePerRequest counts the calls: keys are fetched
// once, and every request after is decided without the network.
func TestNothingIsAskedOfClerkOncePerRequest(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
	}
	respond "in"`)
	token := c.bearer(t, "bob", "")
	for range 50 {
		s.get("/", token...).expect(t, http.StatusOK)
	}
	if n := c.asked(); n > 2 {
		t.Errorf("expected one fetch of the keys, or two at the start, got %d requests", n)
	}
}

func TestKeysThatCannotBeHadAnswer503(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	token := c.bearer(t, "alice", "")
	settings := c.settings()
	c.server.Close()
	s := serve(t, "", `
	clerk_auth /open {
		`+settings+`
		optional
	}
	@gated not path /open
	clerk_auth @gated {
		`+settings+`
	}
	respond "[{http.clerk.status}] [{http.clerk.user_id}]"`)
	for _, headers := range [][]string{token, append(token, document...)} {
		s.get("/", headers...).expect(t, http.StatusServiceUnavailable,
			"Retry-After", "5", "Cache-Control", "no-store", "X-Clerk-Auth-Reason", "jwk-remote-failed-to-load", "Location", "")
	}
	if got := s.get("/open", token...).body; got != "[signed-out] []" {
		t.Errorf("expected optional to pass without an identity, got %q", got)
	}
}

// TestRevokedSecretKeyIsToldApart shows what an operator sees who copied the
// wrong secret key.
func TestRevokedSecretKeyIsToldApart(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	t.Setenv("ANOTHER_SECRET_KEY", "sk_test_another")
	s := serve(t, "", `
	clerk_auth {
		publishable_key `+c.PublishableKey()+`
		secret_key {env.ANOTHER_SECRET_KEY}
		api_url `+c.server.URL+`/__clerk
	}
	respond "in"`)
	s.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusServiceUnavailable, "X-Clerk-Auth-Reason", "secret-key-invalid")
	if strings.Contains(s.log(), "sk_test_another") {
		t.Error("expected the log not to contain the secret key")
	}
}
