// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func revoke(e *Emulator, session string) *http.Response {
	return call(e, "POST", "/v1/sessions/"+session+"/revoke", withKey(e))
}

// What an application revokes is over: for handshakes, refreshes and pages.
func TestARevokedSessionIsOver(t *testing.T) {
	for _, production := range []bool{false, true} {
		e, c := newTestEmulator(t, Options{Production: production})
		v, other := visited(t, e, c, "alice"), visited(t, e, c, "alice")
		response := revoke(e, v.session)
		if text := body(t, response); response.StatusCode != http.StatusOK || !strings.Contains(text, `"status":"revoked"`) || !strings.Contains(text, `"user_id":"user_alice"`) {
			t.Errorf("status %d: %s", response.StatusCode, text)
		}
		if e.store.sessionOf(v.browser) != nil || !e.store.knows(v.browser) {
			t.Error("expected the browser to be known, and signed out")
		}
		redirect := site + "/?a"
		if directives := payload(t, e, shake(e, v.browser, "nonce", redirect), redirect); lastSession(directives) != "" || !slices.ContainsFunc(directives, func(directive string) bool {
			return strings.HasPrefix(directive, "__client_uat=0;")
		}) {
			t.Errorf("expected a handshake to sign the browser out, got %v", directives)
		}
		if response := renew(e, v.session, v.body(nil)); response.StatusCode != http.StatusUnauthorized {
			t.Errorf("expected no refresh, got status %d", response.StatusCode)
		}
		if s := e.store.sessionOf(other.browser); s == nil || s.id != other.session {
			t.Error("expected the person's other session to go on")
		}
		if again := revoke(e, v.session); again.StatusCode != http.StatusNotFound {
			t.Errorf("revoking twice: status %d", again.StatusCode)
		}
	}
}

func TestASessionThatATokenWasAskedForCanBeRevoked(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	sessionOf := func() string {
		token, err := e.Token("alice", site)
		if err != nil {
			t.Fatal(err)
		}
		return decode(t, verified(t, e, token))["sid"].(string)
	}
	first := sessionOf()
	if response := revoke(e, first); response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	if sessionOf() == first {
		t.Error("expected another session")
	}
}

func TestRevokingTakesTheSecretKey(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	v := visited(t, e, c, "alice")
	for _, response := range []*http.Response{
		call(e, "POST", "/v1/sessions/"+v.session+"/revoke"),
		call(e, "GET", "/v1/sessions/"+v.session+"/revoke", withKey(e)),
		call(e, "POST", "/v1/sessions//revoke", withKey(e)),
		call(e, "POST", "/v1/sessions/sess_none/revoke", withKey(e)),
		call(e, "POST", "/v1/sessions/"+url.PathEscape("../"+v.session)+"/revoke", withKey(e)),
	} {
		if response.StatusCode < 400 {
			t.Errorf("status %d", response.StatusCode)
		}
	}
	if e.store.sessionOf(v.browser) == nil {
		t.Error("expected the session to go on")
	}
}
