// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// handshakesInARow is after how many the gate gives up.
const handshakesInARow = 3

// TestClientOfClerkInASetUpThatCannotWork signs in with Clerk's own client where
// the gate can never accept what it is given. The client takes itself for signed
// in, and a page behind the gate ends in an explanation and not in a circle.
func TestClientOfClerkInASetUpThatCannotWork(t *testing.T) {
	const foreign = "clerk.another.example.com"
	clock := func(off time.Duration) func() time.Time {
		return func() time.Time { return time.Now().Add(off) }
	}
	live, test := layout{production: true, proxied: true}, layout{proxied: true}
	browser := startBrowser(t, "")
	for _, wrong := range []struct {
		name    string
		layout  layout
		options emulator.Options
		cause   string
	}{
		{"keys of another instance", live, emulator.Options{FrontendAPI: foreign}, "take all keys from one Clerk instance"},
		// In development they are asked to sign in again, and the log says why. A
		// clock that is off is forgiven there.
		{"keys of another development instance", test, emulator.Options{FrontendAPI: foreign}, ""},
		{"a clock that is ahead", live, emulator.Options{Now: clock(-time.Hour)}, "this machine's clock is ahead of Clerk's"},
		{"a clock that is behind", live, emulator.Options{Now: clock(time.Hour)}, "this machine's clock is behind Clerk's"},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			wrong.options.Production, wrong.options.SecretKey = wrong.layout.production, wrong.layout.secretKey()
			wrong.options.FrontendAPI = cmp.Or(wrong.options.FrontendAPI, wrong.layout.host())
			clerk, err := emulator.New(wrong.options)
			if err != nil {
				t.Fatal(err)
			}
			v := startVisit(t, browser, startBefore(t, clerk, wrong.layout), newLedger())
			v.openApp(t, v.app)
			if got := v.signIn(t, alice, emulator.Password); got != "complete" {
				t.Fatalf("expected the client to be signed in, got %s", got)
			}
			expectAtGate(t, v.app, "401")

			response := v.other.navigate(t, "/")
			redirects := v.other.seenRedirects()
			if !v.production {
				v.other.at(t, signInPage)
				v.other.click(t, `button[name=user][value=alice]`)
				v.other.at(t, signInPage)
				if again := v.other.seenRedirects(); len(redirects)+len(again) > 1+maxRedirects {
					t.Errorf("expected a redirect, and %d or fewer after signing in again, got %q and %q", maxRedirects, redirects, again)
				}
				return
			}
			if response.Status != http.StatusUnauthorized || len(redirects) > handshakesInARow*v.handshakeRedirects() {
				t.Errorf("expected status 401 after %d redirects or fewer, got %d after %q", handshakesInARow*v.handshakeRedirects(), response.Status, redirects)
			}
			v.other.at(t, "/")
			if got := v.other.text(t, "body"); !strings.Contains(got, wrong.cause) {
				t.Errorf("expected the page to say that %q, got %s", wrong.cause, got)
			}
		})
	}
}

// TestClientOfClerkWithoutCookies signs in with a browser that keeps none. The
// client knows who it is as long as its page is open, and the gate knows nobody.
func TestClientOfClerkWithoutCookies(t *testing.T) {
	places := startLayouts(t, time.Minute, layouts...)
	browser := startBrowser(t, profileWithoutCookies(t))
	for _, p := range places {
		t.Run(p.String(), func(t *testing.T) {
			b := newTab(t, browser, p.origin)
			v := &visit{place: p, t: t, app: b, other: b}
			if redirects := b.open(t, appPage); len(redirects) > 0 {
				t.Errorf("expected no redirects, got %q", redirects)
			}
			b.await(t, "the client to load", `window.Clerk?.loaded`)
			if got := v.signIn(t, alice, emulator.Password); got != "complete" {
				t.Errorf("expected the client to be signed in, got %s", got)
			}
			expectAtGate(t, b, "401")
			if !p.production {
				// What counts handshakes is a cookie, as with Clerk's own SDKs.
				return
			}
			redirects := b.open(t, "/")
			b.at(t, signInPage)
			if len(redirects) > maxRedirects {
				t.Errorf("expected %d redirects or fewer, got %q", maxRedirects, redirects)
			}
		})
	}
}
