// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"strings"
	"testing"
)

// jarOf writes a Cookie header; values that are empty are left out.
func jarOf(suffix, session, uat, suffixedSession, suffixedUAT string) string {
	var list []string
	for _, c := range [][2]string{
		{"__session", session}, {"__client_uat", uat}, {"__session" + suffix, suffixedSession}, {"__client_uat" + suffix, suffixedUAT},
	} {
		if c[1] != "" {
			list = append(list, c[0]+"="+c[1])
		}
	}
	return strings.Join(list, "; ")
}

// TestEachRuleAboutSuffixedCookiesDecidesOnItsOwn has for each of the rules a
// case in which the rules after it would decide the other way.
func TestEachRuleAboutSuffixedCookiesDecidesOnItsOwn(t *testing.T) {
	live, dev := newKit(t, liveKey), newKit(t, testKey)
	for _, test := range []struct {
		name     string
		kit      *kit
		session  func(*kit) string
		uat      string
		suffixed func(*kit) string
		suffUAT  string
		want     bool
	}{
		{"1 plain session unreadable", live, text("garbage"), "1", session(-10), "1", false},
		{"1 plain session without an issuer", live, with(object{"iss": nil}), "1", session(-10), "1", false},
		{"1 plain session with an empty issuer", live, with(object{"iss": ""}), "1", session(-10), "1", false},
		{"1 plain session of null", live, text("e30.bnVsbA.eA"), "1", session(-10), "1", false},
		{"2 plain session of another instance", live, with(object{"iss": "https://clerk.other.example"}), "0", text(""), "", true},
		{"2 issuer that is no text", live, with(object{"iss": 7}), "0", text(""), "", true},
		{"2 issuer that is the proxy's", live, with(object{"iss": appOrigin + "/__clerk"}), "0", text(""), "", true},
		{"2 issuer in capitals is not it", live, with(object{"iss": "https://CLERK.example.com"}), "0", text(""), "", true},
		{"not 2, the scheme does not matter", live, with(object{"iss": "HTTP://clerk.example.com"}), "0", text(""), "", false},
		{"not 2, nor does its absence", live, with(object{"iss": "clerk.example.com"}), "0", text(""), "", false},
		{"3 nothing with a suffix", live, session(-10), "0", text(""), "", false},
		{"3 nothing at all", live, text(""), "", text(""), "", false},
		{"4 plain session is newer", live, session(-10), "1", session(-20), "1", false},
		{"4 plain session is newer, no uat", live, session(-10), "", session(-20), "1", false},
		{"4 suffixed session is unreadable", live, session(-10), "1", text("garbage"), "1", false},
		{"4 suffixed session has no iat", live, session(-10), "1", with(object{"iat": nil}), "1", false},
		{"not 4, they are of one age", live, session(-10), "1", session(-10), "1", true},
		{"not 4, plain is signed out", live, session(-10), "0", session(-20), "1", true},
		{"5 suffixed is signed out, plain is not", live, text(""), "1", text(""), "0", false},
		{"5 suffixed is signed out, plain is unknown", live, text(""), "", text(""), "0", false},
		{"not 5, both are signed out", live, text(""), "0", text(""), "0", true},
		{"not 5, zero is spelled otherwise", live, text(""), "1", text(""), "00", true},
		{"6 development, suffixed session is over", dev, text(""), "0", expired, "1", false},
		{"not 6 in production", live, text(""), "0", expired, "1", true},
		{"not 6 while it lasts", dev, text(""), "0", session(-10), "1", true},
		{"6 to the second", dev, text(""), "0", with(object{"exp": noon.Unix()}), "1", false},
		{"not 6 without a session", dev, text(""), "0", text(""), "1", true},
		{"7 suffixed session without uat", live, text(""), "0", session(-10), "", false},
		{"8 suffixed alone", live, text(""), "", session(-10), "1", true},
		{"8 suffixed session is newer", live, session(-20), "1", session(-10), "1", true},
		{"8 suffixed uat alone", live, text(""), "", text(""), "1", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			suffix := liveSuffix
			if test.kit == dev {
				suffix = testSuffix
			}
			header := jarOf(suffix, test.session(test.kit), test.uat, test.suffixed(test.kit), test.suffUAT)
			s := test.kit.auth.Authenticate(script(t, "/", header, "__clerk_db_jwt=a", "__clerk_db_jwt"+suffix+"=b"))
			want := "a"
			if test.want {
				want = "b"
			}
			if got := s.request.devBrowser(); got != want {
				t.Errorf("suffixed cookies count: %v, want %v", got == "b", test.want)
			}
		})
	}
}

func text(value string) func(*kit) string { return func(*kit) string { return value } }

func expired(k *kit) string { return k.expired() }

func session(age int64) func(*kit) string {
	return func(k *kit) string { return k.session(object{"iat": k.at(age)}) }
}

func with(change object) func(*kit) string {
	return func(k *kit) string { return k.session(change) }
}

func TestTheCookiesThatCountDecideWhoIsThere(t *testing.T) {
	k := newKit(t, liveKey)
	plain := func(age int64) string { return k.session(object{"sub": "user_plain", "iat": k.at(age)}) }
	suffixed := func(age int64) string { return k.session(object{"sub": "user_suffixed", "iat": k.at(age)}) }
	for name, test := range map[string]struct{ header, user string }{
		"plain is newer":    {jarOf(liveSuffix, plain(-10), "1", suffixed(-20), "1"), "user_plain"},
		"suffixed is newer": {jarOf(liveSuffix, plain(-20), "1", suffixed(-10), "1"), "user_suffixed"},
		"plain only":        {jarOf(liveSuffix, plain(-20), "1", "", ""), "user_plain"},
		"suffixed only":     {jarOf(liveSuffix, "", "", suffixed(-20), "1"), "user_suffixed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := k.auth.Authenticate(script(t, "/", test.header))
			expect(t, s, SignedIn, "")
			if s.Status == SignedIn && s.Claims.UserID != test.user {
				t.Errorf("%s, want %s", s.Claims.UserID, test.user)
			}
		})
	}
}

func TestHandshakeSaysWhichCookiesCount(t *testing.T) {
	k := newKit(t, liveKey)
	for header, want := range map[string]string{
		"__client_uat=1":                   "false",
		"__client_uat" + liveSuffix + "=1": "true",
		"__client_uat" + testSuffix + "=1": "",
	} {
		s := k.auth.Authenticate(document(t, "/", header))
		if got := query(t, s.Location, "suffixed_cookies"); got != want {
			t.Errorf("%s: suffixed_cookies=%q, want %q", header, got, want)
		}
	}
}
