// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

func TestOlderFrontEndsGetTheInterstitialPage(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
		session_sync interstitial
		authorized_parties http://localhost:{{port}}
	}
	respond "{http.clerk.status} {http.clerk.user_id}"`)
	token := func(options ...emulator.TokenOption) string {
		token, err := b.Token("alice", s.url, options...)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	cookies := func(token string, uat int64) []string {
		return append([]string{"Cookie", fmt.Sprintf("__session=%s; __client_uat=%d", token, uat)}, document...)
	}
	now := time.Now().Unix()

	in := s.get("/", cookies(token(), now-60)...)
	in.expect(t, http.StatusOK)
	if in.body != "signed-in user_alice" {
		t.Errorf("expected alice, got %q", in.body)
	}
	s.get("/", "Authorization", "Bearer "+token()).expect(t, http.StatusOK)

	for reason, request := range map[string][]string{
		"cookie-outdated": cookies(token(), now+60),
		"cookie-expired":  cookies(token(emulator.IssuedAt(time.Now().Add(-time.Hour))), now-7200),
		"cookie-missing":  append([]string{"Cookie", "__client_uat=5"}, document...),
	} {
		page := s.get("/", request...)
		page.expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Status", "interstitial", "X-Clerk-Auth-Reason", reason,
			"Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-store", "Location", "", "WWW-Authenticate", `Bearer realm="clerk"`)
		if want := fmt.Sprintf("<script data-key=%q></script>", b.PublishableKey()); page.body != want {
			t.Errorf("%s: expected the page, got %q", reason, page.body)
		}
	}
	if n := b.calls("interstitial"); n != 1 {
		t.Errorf("expected the page to be fetched once, got %d times", n)
	}
	// A program has no use for it, and who is signed out is sent to sign in.
	s.get("/", "Cookie", "__client_uat=5").expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "cookie-missing")
	out := s.get("/", document...)
	out.expect(t, http.StatusTemporaryRedirect, "X-Clerk-Auth-Reason", "cookie-and-uat-missing")
	if location := out.Header.Get("Location"); !strings.HasPrefix(location, "https://accounts.example.com/sign-in?redirect_url=") {
		t.Errorf("expected the sign-in page, got %q", location)
	}
}

func TestTheInterstitialPageThatCannotBeFetchedIsNoSignOut(t *testing.T) {
	b := startBackend(t)
	b.down.Store(true)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
		session_sync interstitial
	}
	respond "in"`)
	s.get("/", append([]string{"Cookie", "__client_uat=5"}, document...)...).expect(t, http.StatusServiceUnavailable, "Retry-After", "5")
}
