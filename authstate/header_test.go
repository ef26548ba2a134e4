// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestAuthorizationHeaderIsReadByItsSpaces(t *testing.T) {
	for value, want := range map[string]string{
		"":                 "",
		"token":            "token",
		"Bearer token":     "token",
		"Bearer token x":   "token",
		"Bearer  token":    "Bearer",
		"Bearer":           "Bearer",
		"bearer token":     "",
		"BEARER token":     "",
		"Basic dXNlcjpwYQ": "",
		"Token token":      "",
		"Bearer\ttoken":    "Bearer\ttoken",
		"Bearer\u00a0x":    "Bearer\u00a0x",
		"Basic":            "Basic",
		`Bearer "token"`:   `"token"`,
		"Bearer token,":    "token,",
	} {
		if got := headerToken(http.Header{"Authorization": {value}}); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if got := headerToken(http.Header{}); got != "" {
		t.Errorf("without a header: %q", got)
	}
}

// withHeaderToken asks for a page with a token and cookies.
func withHeaderToken(t *testing.T, line, value, dest, cookies string) *http.Request {
	t.Helper()
	return read(t, line, "Authorization: "+value, "Sec-Fetch-Dest: "+dest, "Cookie: "+cookies)
}

func TestHeaderTokenAloneDecides(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, _ string) {
		good := k.session()
		old := k.expired()
		noCookie := ReasonSessionTokenExpired + "-refresh-non-eligible-no-refresh-cookie"
		cookies := "__session=" + good + "; __client_uat=1"
		for _, test := range []struct {
			name, line, value, dest, cookies string
			status                           Status
			reason                           string
		}{
			{"good", "GET /", "Bearer " + good, "empty", "", SignedIn, ""},
			{"good without a scheme", "GET /", good, "empty", "", SignedIn, ""},
			{"good on a POST", "POST /", "Bearer " + good, "empty", "", SignedIn, ""},
			{"good document", "GET /", "Bearer " + good, "document", "", SignedIn, ""},
			{"bad beside good cookies", "GET /", "Bearer x", "empty", cookies, SignedOut, "token-invalid"},
			{"bad document", "GET /", "Bearer x", "document", cookies, SignedOut, "token-invalid"},
			{"two spaces", "GET /", "Bearer  " + good, "empty", cookies, SignedOut, "token-invalid"},
			{"foreign", "GET /", "Bearer " + k.foreign(), "empty", cookies, SignedOut, "token-invalid-signature"},
			{"expired", "GET /", "Bearer " + old, "empty", "", SignedOut, noCookie},
			{"expired document", "GET /", "Bearer " + old, "document", "", Handshake, noCookie},
			{"expired POST", "POST /", "Bearer " + old, "document", "", SignedOut, ReasonSessionTokenExpired + "-refresh-non-eligible-non-get"},
			{
				"JWT template", "GET /", "Bearer " + sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), k.claims()), "empty", cookies,
				SignedOut, "token-type-mismatch",
			},
			{
				"machine", "GET /", "Bearer " + sign(instanceRSA(), jwtHeader(object{"cat": nil}), k.claims(object{"sub": "mch_1"})), "empty", cookies,
				SignedOut, "token-type-mismatch",
			},
			{
				"OAuth", "GET /", "Bearer " + sign(instanceRSA(), jwtHeader(object{"cat": nil, "typ": "at+jwt"}), k.claims()), "empty", cookies,
				SignedOut, "token-type-mismatch",
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				s := k.auth.Authenticate(withHeaderToken(t, test.line, test.value, test.dest, test.cookies))
				expect(t, s, test.status, test.reason)
				if s.TokenType != SessionToken || !s.HadHeaderToken() {
					t.Errorf("type %q, had a token: %v", s.TokenType, s.HadHeaderToken())
				}
			})
		}
	})
}

func TestAnotherSchemeLeavesTheWordToTheCookies(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		good := k.session()
		cookies := "__session=" + good + "; __client_uat=1; " + devBrowser
		for _, value := range []string{"Basic dXNlcjpwYQ==", "bearer " + k.foreign(), ""} {
			s := k.auth.Authenticate(withHeaderToken(t, "GET /", value, "empty", cookies))
			expect(t, s, SignedIn, "")
			if s.HadHeaderToken() {
				t.Errorf("%q counts as a token", value)
			}
		}
	})
}

func TestHandshakeCarriesTheTokenOfTheHeader(t *testing.T) {
	k := newKit(t, liveKey)
	old := k.expired()
	s := k.auth.Authenticate(withHeaderToken(t, "GET /", "Bearer "+old, "document", ""))
	if got := query(t, s.Location, "__session"); got != old {
		t.Errorf("__session=%q, want the header's token", got)
	}
}

func TestHeaderTokenOfAStrangerStillLeadsToTheSignInPage(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, _ string) {
		for _, value := range []string{"x", "Bearer x", "Bearer " + k.foreign(), "Bearer " + k.session(object{"sts": "pending"})} {
			s := k.auth.Authenticate(withHeaderToken(t, "GET /", value, "document", "__clerk_db_jwt=dvb_1"))
			if location, err := s.SignInURL(); err != nil || !strings.Contains(location, "/sign-in") {
				t.Errorf("%.12q: %q, %v", value, location, err)
			}
		}
	})
}

// refusing is a Verifier that refuses every token for one reason.
type refusing struct {
	Verifier
	reason verifier.Reason
}

func (r refusing) Parse(string) (*verifier.Token, error) {
	return nil, &verifier.Error{Reason: r.reason, Message: "no"}
}

func TestAVerifierOfOnesOwnMayRefuseForAnyReason(t *testing.T) {
	for _, reason := range []verifier.Reason{verifier.ReasonTokenExpired, verifier.ReasonTokenNotActiveYet, verifier.ReasonSecretKeyInvalid, "else"} {
		k := newKit(t, liveKey, func(o *Options) { o.Verifier = refusing{o.Verifier, reason} })
		for _, r := range []*http.Request{
			withHeaderToken(t, "GET /", "Bearer x", "document", ""),
			document(t, "/", "__session=x", "__client_uat=1"),
		} {
			if s := k.auth.Authenticate(r); s.Status == SignedIn {
				t.Errorf("%s: %s", reason, s.Status)
			}
		}
	}
}
