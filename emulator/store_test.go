// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"testing"
	"time"
)

func TestStoreForgetsTheBrowserUnusedForLongest(t *testing.T) {
	s := newStore(3, 1)
	first, second, third := s.newBrowser("a_", time.Time{}), s.newBrowser("a_", time.Time{}), s.newBrowser("a_", time.Time{})
	s.knows(first) // A use keeps it.
	fourth := s.newBrowser("a_", time.Time{})
	for id, want := range map[string]bool{first: true, second: false, third: true, fourth: true} {
		if s.knows(id) != want {
			t.Errorf("%s: known %t, want %t", id, !want, want)
		}
	}
}

func TestStoreIsBounded(t *testing.T) {
	s := newStore(maxBrowsers, maxNonces)
	now := time.Unix(0, 0)
	for range maxBrowsers + 100 {
		last := s.newBrowser("a_", time.Time{})
		s.signIn(last, person{ID: "user_a"}, now)
		s.putNonce(nil, now)
		s.putRefresh(last, "sess_a")
	}
	if len(s.browsers.entries) != maxBrowsers || len(s.nonces.entries) != maxNonces || len(s.refreshes.entries) != maxBrowsers {
		t.Errorf("%d browsers, %d nonces and %d refresh tokens, want %d, %d and %d", len(s.browsers.entries), len(s.nonces.entries),
			len(s.refreshes.entries), maxBrowsers, maxNonces, maxBrowsers)
	}
	if len(s.browsers.entries) != s.browsers.recent.Len() {
		t.Error("the order and the entries differ")
	}
}

func TestNonceIsGoodOnceAndForAMinute(t *testing.T) {
	s := newStore(1, 10)
	now := time.Unix(1000, 0)
	fresh, old := s.putNonce([]string{"a"}, now), s.putNonce([]string{"b"}, now)
	if got, ok := s.takeNonce(fresh, now.Add(nonceLifetime-1)); !ok || got[0] != "a" {
		t.Errorf("got %v, %t", got, ok)
	}
	if _, ok := s.takeNonce(fresh, now); ok {
		t.Error("a nonce was good twice")
	}
	if _, ok := s.takeNonce(old, now.Add(nonceLifetime)); ok {
		t.Error("a nonce was good after a minute")
	}
	if len(s.nonces.entries) != 0 {
		t.Errorf("%d nonces are left", len(s.nonces.entries))
	}
}

func TestRefreshTokenLivesWithItsSession(t *testing.T) {
	s := newStore(2, 1)
	now := time.Unix(0, 0)
	s.signIn("a", person{ID: "user_a"}, now)
	first := s.sessionOf("a")
	token := s.putRefresh("a", first.id)
	for range 2 {
		if got := s.refreshed(token); got == nil || got.id != first.id {
			t.Errorf("session %v, want %s", got, first.id)
		}
	}
	s.signIn("a", person{ID: "user_b"}, now)
	if got := s.refreshed(token); got != nil {
		t.Errorf("the token of a session that ended gives that of %s", got.person.ID)
	}
	if len(s.refreshes.entries) != 0 {
		t.Errorf("%d refresh tokens are left", len(s.refreshes.entries))
	}
	for name, end := range map[string]func(){"signed out": func() { s.signOut("a") }, "forgotten": func() { s.forget("a") }} {
		s.signIn("a", person{ID: "user_a"}, now)
		token := s.putRefresh("a", s.sessionOf("a").id)
		end()
		if s.refreshed(token) != nil {
			t.Errorf("%s: the session is renewed", name)
		}
	}
}

func TestChangesDoNotReachCopies(t *testing.T) {
	s := newStore(1, 1)
	s.signIn("a", person{Undecided: true}, time.Unix(0, 0))
	before := s.sessionOf("a")
	s.change("a", func(c *session) { c.pending = false })
	s.change("unknown", func(*session) { t.Error("an unknown browser has a session") })
	if !before.pending || s.sessionOf("a").pending {
		t.Error("expected the copy to stay pending and the session not to")
	}
	s.signOut("a")
	if s.sessionOf("a") != nil || !s.knows("a") {
		t.Error("expected a known browser without a session")
	}
	s.signOut("unknown")
	if s.knows("unknown") {
		t.Error("signing out made a browser known")
	}
}
