// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestApplySaysWhatTheStateIs(t *testing.T) {
	pending := &verifier.Claims{SessionStatus: "pending"}
	for name, test := range map[string]struct {
		state State
		want  http.Header
	}{
		"signed in": {State{Status: SignedIn, Claims: new(verifier.Claims)}, http.Header{}},
		"pending":   {State{Status: SignedIn, Claims: pending}, http.Header{}},
		"signed out": {State{Status: SignedOut, Reason: "r", Message: "m"}, http.Header{
			"X-Clerk-Auth-Status": {"signed-out"}, "X-Clerk-Auth-Reason": {"r"}, "X-Clerk-Auth-Message": {"m"},
		}},
		"handshake": {State{Status: Handshake, Reason: "r", Location: "https://a.example/", Cookies: []string{"a=1", "b=2"}}, http.Header{
			"X-Clerk-Auth-Status": {"handshake"}, "X-Clerk-Auth-Reason": {"r"},
			"Location": {"https://a.example/"}, "Set-Cookie": {"a=1", "b=2"}, "Cache-Control": {"no-store"},
		}},
		"returned": {State{Status: SignedIn, Claims: new(verifier.Claims), Returned: true, Cookies: []string{"a=1"}}, http.Header{
			"Set-Cookie": {"a=1"}, "Cache-Control": {"no-store"},
			"Access-Control-Allow-Origin": {"null"}, "Access-Control-Allow-Credentials": {"true"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			test.state.Apply(header)
			if !reflect.DeepEqual(header, test.want) {
				t.Errorf("%v, want %v", header, test.want)
			}
		})
	}
}

func TestApplyKeepsTheCookiesThatAreThere(t *testing.T) {
	header := http.Header{"Set-Cookie": {"a=1"}, "Cache-Control": {"public"}}
	(&State{Status: Handshake, Location: "https://a.example/", Cookies: []string{"b=2"}}).Apply(header)
	if got := header["Set-Cookie"]; len(got) != 2 || header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", header)
	}
}

func TestMessagesFitIntoAHeader(t *testing.T) {
	for message, want := range map[string]string{
		"plain":            "plain",
		`a "quoted" \ one`: `a "quoted" \ one`,
		"a\r\nX-Evil: 1":   `a\r\nX-Evil: 1`,
		"é":                `\u00e9`,
		"\x00\x7f\xff":     `\x00\x7f\xff`,
		"\u2028":           `\u2028`,
	} {
		header := http.Header{}
		SetReason(header, "signed-out", "r", message)
		if got := header.Get("X-Clerk-Auth-Message"); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

// TestNothingOfAnUnverifiedTokenBreaksTheHeaders sends tokens whose every part
// is chosen by somebody else.
func TestNothingOfAnUnverifiedTokenBreaksTheHeaders(t *testing.T) {
	k := newKit(t, liveKey)
	const evil = "x\r\nSet-Cookie: a=b\r\n\r\n<script>é\x7f"
	for name, token := range map[string]string{
		"kid":  sign(foreignRSA(), jwtHeader(object{"kid": evil}), k.claims()),
		"alg":  sign(instanceRSA(), jwtHeader(object{"alg": evil}), k.claims()),
		"typ":  sign(instanceRSA(), jwtHeader(object{"typ": evil}), k.claims()),
		"iss":  k.session(object{"iss": evil}),
		"azp":  k.session(object{"azp": evil}),
		"raw":  evil,
		"dots": "a.b.c" + evil,
	} {
		k.auth.want.AuthorizedParties = []string{appOrigin}
		r := script(t, "/")
		r.Header.Set("Authorization", "Bearer "+token)
		header := http.Header{}
		k.auth.Authenticate(r).Apply(header)
		if problem := unsafeHeader(header); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// unsafeHeader names a header that cannot be sent as it is; empty for none.
func unsafeHeader(header http.Header) string {
	for name, values := range header {
		for _, value := range values {
			for i := range len(value) {
				if c := value[i]; c < ' ' || c > '~' {
					return name + ": " + value
				}
			}
		}
	}
	return ""
}
