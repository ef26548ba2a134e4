// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// Kinds of instances that a row is about.
const (
	production  = 1
	development = 2
	both        = production | development
)

// TestDecisions has the reference's decision table, row by row and in its
// order, and what is mended of it.
func TestDecisions(t *testing.T) {
	good := session()
	cookie := "__session=" + good
	for _, row := range []struct {
		name   string
		kinds  int
		lines  []string
		status Status
		reason string
	}{
		{"a header token decides alone", both, []string{"Authorization: Bearer " + good, "Origin: https://evil.example", "Cookie: __client_uat=0"}, SignedIn, ""},
		{"also without a scheme", both, []string{"Authorization: " + good}, SignedIn, ""},
		{"another scheme is no token, and cookies are not looked at", both, []string{browser, "Authorization: Basic dXNlcjpwYXNz", "Cookie: " + cookie + "; " + uat(-20)}, SignedOut, ReasonHeaderInvalid},
		{"the scheme is case-sensitive", both, []string{"Authorization: bearer " + good}, SignedOut, ReasonHeaderInvalid},
		{"the scheme alone is no token", both, []string{"Authorization: Bearer "}, SignedOut, ReasonHeaderInvalid},

		{"a program without a token", development, []string{"User-Agent: curl/8.0", "Cookie: " + cookie + "; " + uat(-20)}, SignedOut, ReasonHeaderMissingNonBrowser},
		{"no user agent at all", development, []string{"Origin: https://evil.example"}, SignedOut, ReasonHeaderMissingNonBrowser},
		{"a user agent with Mozilla elsewhere", development, []string{"User-Agent: curl Mozilla/5.0"}, SignedOut, ReasonHeaderMissingNonBrowser},
		{"production takes any user agent", production, []string{"User-Agent: curl/8.0", "Cookie: " + cookie + "; " + uat(-20)}, SignedIn, ""},

		{"another origin", both, []string{browser, "Origin: https://evil.example", "Cookie: " + cookie + "; " + uat(-20)}, SignedOut, ReasonHeaderMissingCORS},
		{"another origin before all cookies", both, []string{browser, "Origin: https://evil.example"}, SignedOut, ReasonHeaderMissingCORS},
		{"no origin that can be named", both, []string{browser, "Origin: null", "Cookie: " + cookie + "; " + uat(-20)}, SignedOut, ReasonHeaderMissingCORS},
		{"the same origin", both, []string{browser, "Origin: " + appOrigin, "Cookie: " + cookie + "; " + uat(-20)}, SignedIn, ""},
		{"an empty origin is none", both, []string{browser, "Origin:", "Cookie: " + cookie + "; " + uat(-20)}, SignedIn, ""},

		{"no uat", development, []string{browser}, Interstitial, ReasonUATMissing},
		{"no uat, though a session", development, []string{browser, "Cookie: " + cookie}, Interstitial, ReasonUATMissing},
		{"an empty uat", development, []string{browser, "Cookie: " + cookie + "; __client_uat="}, Interstitial, ReasonUATMissing},
		{"no uat before the referrer", development, []string{browser, "Referer: https://evil.example/", "Cookie: " + cookie}, Interstitial, ReasonUATMissing},

		{"from elsewhere", development, []string{browser, "Referer: https://accounts.example.dev/sign-in", "Cookie: " + cookie + "; " + uat(-20)}, Interstitial, ReasonCrossOriginReferrer},
		{"from elsewhere before signed out", development, []string{browser, "Referer: https://accounts.example.dev/sign-in", "Cookie: __client_uat=0"}, Interstitial, ReasonCrossOriginReferrer},
		{"from here", development, []string{browser, "Referer: " + appOrigin + "/%zz?a=https://evil.example", "Cookie: " + cookie + "; " + uat(-20)}, SignedIn, ""},
		{"a referrer that cannot be read", development, []string{browser, "Referer: about:blank", "Cookie: " + cookie + "; " + uat(-20)}, Interstitial, ReasonCrossOriginReferrer},
		{"production takes any referrer", production, []string{browser, "Referer: https://evil.example/", "Cookie: " + cookie + "; " + uat(-20)}, SignedIn, ""},

		{"no cookies", production, []string{browser}, SignedOut, ReasonCookieAndUATMissing},
		{"empty cookies", production, []string{"Cookie: __session=; __client_uat="}, SignedOut, ReasonCookieAndUATMissing},

		{"signed out", both, []string{browser, "Cookie: __client_uat=0"}, SignedOut, ReasonStandardSignedOut},
		{"signed out, though a session", both, []string{browser, "Cookie: " + cookie + "; __client_uat=0"}, SignedOut, ReasonStandardSignedOut},

		{"no session", production, []string{browser, "Cookie: " + uat(-20)}, Interstitial, ReasonCookieMissing},
		{"no session, mended from internal-error", development, []string{browser, "Cookie: " + uat(-20)}, Interstitial, ReasonCookieMissing},

		{"a session", both, []string{browser, "Cookie: " + cookie + "; " + uat(-20)}, SignedIn, ""},
		{"a session as old as the uat", both, []string{browser, "Cookie: " + cookie + "; " + uat(-10)}, SignedIn, ""},
		{"a session older than the uat", both, []string{browser, "Cookie: " + cookie + "; " + uat(-9)}, Interstitial, ReasonCookieOutdated},
		{"the first of a name counts", both, []string{browser, "Cookie: " + cookie + "; __session=x; " + uat(-20) + "; __client_uat=0"}, SignedIn, ""},
		{"cookies of later versions do not", both, []string{browser, "Cookie: __session_naoXFJnI=" + good + "; __client_uat=1"}, Interstitial, ReasonCookieMissing},

		{"a session without uat", production, []string{browser, "Cookie: " + cookie}, Interstitial, ReasonUnknown},
		{"a uat that is no number", both, []string{browser, "Cookie: " + cookie + "; __client_uat=soon"}, Interstitial, ReasonUnknown},
		{"a uat that is none of Clerk's", both, []string{browser, "Cookie: " + cookie + "; __client_uat=0x1"}, Interstitial, ReasonUnknown},
		{"a negative uat", both, []string{browser, "Cookie: " + cookie + "; __client_uat=-5"}, Interstitial, ReasonUnknown},
		{"a uat beyond all time", both, []string{browser, "Cookie: " + cookie + "; __client_uat=" + strings.Repeat("9", 400)}, Interstitial, ReasonUnknown},
		{"a session without iat", both, []string{browser, "Cookie: __session=" + session(object{"iat": nil}) + "; " + uat(-20)}, Interstitial, ReasonUnknown},
		{"forwarded headers of a stranger", both, []string{browser, "X-Forwarded-Host: evil.example", "Origin: https://evil.example", "Cookie: " + cookie + "; " + uat(-20)}, SignedOut, ReasonHeaderMissingCORS},
		{"forwarded headers change nothing", both, []string{browser, "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "X-Forwarded-Port: 81", "Origin: " + appOrigin, "Cookie: " + cookie + "; " + uat(-20)}, SignedIn, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			for kind, isDevelopment := range map[int]bool{production: false, development: true} {
				if row.kinds&kind != 0 {
					expect(t, decide(t, newAuth(t, isDevelopment, new(keyRing)), row.lines...), row.status, row.reason)
				}
			}
		})
	}
}

// TestRefusals has the reference's table of tokens that fail verification, in
// both places.
func TestRefusals(t *testing.T) {
	working := new(keyRing)
	for _, row := range []struct {
		name    string
		token   string
		keys    *keyRing
		parties []string
		status  Status
		reason  string // with KIND for the place
	}{
		{"exp passed", session(object{"exp": at(0)}), working, nil, Interstitial, "KIND-expired"},
		{"no skew is forgiven", session(object{"exp": at(-1)}), working, nil, Interstitial, "KIND-expired"},
		{"nbf in the future", session(object{"nbf": at(1)}), working, nil, Interstitial, "KIND-early"},
		{"iat in the future", session(object{"iat": at(1)}), working, nil, Interstitial, "KIND-early"},
		{"one part", "garbage", working, nil, SignedOut, "KIND-invalid"},
		{"two parts", "a.b", working, nil, SignedOut, "KIND-invalid"},
		{"four parts", session() + ".x", working, nil, SignedOut, "KIND-invalid"},
		{"three parts, not JSON", "a.b.c", working, nil, SignedOut, "KIND-invalid"},
		{"a payload that is null", signText(instanceRSA(), encode(jwtHeader())+".bnVsbA"), working, nil, SignedOut, "KIND-invalid"},
		{"padding", session() + "=", working, nil, SignedOut, "KIND-invalid"},
		{"another class of token", sign(instanceRSA(), jwtHeader(object{"cat": "cl_B7d4PD222AAA"}), claims()), working, nil, SignedOut, "KIND-invalid"},
		{"a machine's token", session(object{"sub": "mch_1"}), working, nil, SignedOut, "KIND-invalid"},
		{"a critical extension", sign(instanceRSA(), jwtHeader(object{"crit": []string{"x"}}), claims()), working, nil, SignedOut, "KIND-invalid"},
		{"a stranger's signature", sign(foreignRSA(), jwtHeader(), claims()), working, nil, SignedOut, "KIND-verification-failed"},
		{"no signature", encode(jwtHeader()) + "." + encode(claims()) + ".", working, nil, SignedOut, "KIND-verification-failed"},
		{"no algorithm", encode(jwtHeader(object{"alg": "none"})) + "." + encode(claims()) + ".", working, nil, SignedOut, "KIND-verification-failed"},
		{"a symmetric algorithm", sign(instanceRSA(), jwtHeader(object{"alg": "HS256"}), claims()), working, nil, SignedOut, "KIND-verification-failed"},
		{"a stranger's, and expired", sign(foreignRSA(), jwtHeader(), claims(object{"exp": at(-60)})), working, nil, SignedOut, "KIND-verification-failed"},
		{"no exp", session(object{"exp": nil}), working, nil, SignedOut, "KIND-verification-failed"},
		{"no sub", session(object{"sub": nil}), working, nil, SignedOut, "KIND-verification-failed"},
		{"another issuer", session(object{"iss": "https://evil.example"}), working, nil, SignedOut, "KIND-invalid-issuer"},
		{"an issuer that only begins well", session(object{"iss": "https://clerk.evil.example"}), working, nil, SignedOut, "KIND-invalid-issuer"},
		{"no issuer", session(object{"iss": nil}), working, nil, SignedOut, "KIND-invalid-issuer"},
		{"another issuer, and expired", session(object{"iss": "https://evil.example", "exp": at(-60)}), working, nil, SignedOut, "KIND-invalid-issuer"},
		{"another party", session(object{"azp": "https://evil.example"}), working, []string{appOrigin}, SignedOut, "KIND-unauthorized-party"},
		{"no party", session(object{"azp": nil}), working, []string{appOrigin}, SignedOut, "KIND-unauthorized-party"},
		{"the party", session(), working, []string{appOrigin}, SignedIn, ""},
		{"any party when none is demanded", session(object{"azp": "https://evil.example"}), working, nil, SignedIn, ""},
		{"an unknown key", sign(instanceRSA(), jwtHeader(object{"kid": "ins_2"}), claims()), working, nil, SignedOut, ReasonPublicKeyFetchError},
		{"no keys", session(), &keyRing{outage(verifier.ReasonJWKRemoteFailedToLoad)}, nil, SignedOut, ReasonPublicKeyFetchError},
		{"a secret key that is refused", session(), &keyRing{outage(verifier.ReasonSecretKeyInvalid)}, nil, SignedOut, ReasonPublicKeyFetchError},
		{"a source of keys that fails otherwise", session(), &keyRing{http.ErrHandlerTimeout}, nil, SignedOut, ReasonInternalError},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, kind := range []string{"header", "cookie"} {
				lines := []string{browser, "Cookie: __client_uat=1; __session=" + row.token}
				if kind == "header" {
					lines = []string{"Authorization: Bearer " + row.token}
				}
				for _, isDevelopment := range []bool{false, true} {
					s := decide(t, newAuth(t, isDevelopment, row.keys, row.parties...), lines...)
					expect(t, s, row.status, strings.Replace(row.reason, "KIND", kind, 1))
					if unavailable := row.keys.failure != nil && row.reason == ReasonPublicKeyFetchError; s.Unavailable != unavailable {
						t.Errorf("unavailable is %t, want %t", s.Unavailable, unavailable)
					}
				}
			}
		})
	}
}

func TestEveryReasonOfTheVerifierSignsNobodyIn(t *testing.T) {
	for _, reason := range []verifier.Reason{"", "one of the future", verifier.ReasonTokenInvalidAlgorithm, verifier.ReasonTokenInvalidSignature, verifier.ReasonTokenVerificationFailed} {
		if r := refusalOf(&verifier.Error{Reason: reason}); r != verificationFailed {
			t.Errorf("%q becomes %+v", reason, r)
		}
	}
	for reason, r := range refusals {
		if r.status == SignedIn || slices.Contains(r.reasons[:], "") {
			t.Errorf("%s becomes %+v", reason, r)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, row := range []struct {
		here    authstate.RequestURL
		same    []string
		foreign []string
	}{
		{
			authstate.RequestURL{Scheme: "https", Host: "App.example.com"},
			[]string{"https://app.example.com", "https://app.example.com:443", "https://app.example.com/x", "https://app.example.com?x", "https://app.example.com#x", "HTTPS://APP.example.com"},
			[]string{
				"http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.example", "https://evil.example/app.example.com",
				"https://app.example.com@evil.example", "https://app.example.com:x@evil.example", "https://evil.example?https://app.example.com", "https://app.example.com\\@evil.example",
				"null", "x", "https:", "https://", "https:///app.example.com", "//app.example.com", "app.example.com", "https://app.example.com, https://app.example.com",
			},
		},
		{
			authstate.RequestURL{Scheme: "http", Host: "localhost:3000"},
			[]string{"http://localhost:3000", "http://localhost:3000/x"},
			[]string{"http://localhost", "http://localhost:3001", "https://localhost:3000", "http://127.0.0.1:3000"},
		},
		{authstate.RequestURL{Scheme: "http", Host: "example.com:80"}, []string{"http://example.com"}, []string{"http://example.com:443"}},
		{authstate.RequestURL{Scheme: "https", Host: "[::1]:443"}, []string{"https://[::1]"}, []string{"https://[::2]"}},
		{authstate.RequestURL{Scheme: "https"}, nil, []string{"https://", "https:///", "", "https://:443"}},
		{authstate.RequestURL{}, nil, []string{"", "://", "null"}},
	} {
		q := &request{address: row.here}
		for _, address := range row.same {
			if q.isCrossOrigin(address) {
				t.Errorf("%q is not of %+v", address, row.here)
			}
		}
		for _, address := range row.foreign {
			if !q.isCrossOrigin(address) {
				t.Errorf("%q is of %+v", address, row.here)
			}
		}
	}
}

func TestSeveralOriginsAreNobodys(t *testing.T) {
	s := decide(t, newAuth(t, false, new(keyRing)), "Origin: "+appOrigin, "Origin: "+appOrigin, "Cookie: __client_uat=1; __session="+session())
	expect(t, s, SignedOut, ReasonHeaderMissingCORS)
}

func TestTheAddressIsTheOneThatPublicURLGives(t *testing.T) {
	a := newAuth(t, true, new(keyRing))
	a.options.PublicURL = func(*http.Request) authstate.RequestURL {
		return authstate.RequestURL{Scheme: "http", Host: "public.example:8080", Target: "/"}
	}
	cookies := "Cookie: __client_uat=1; __session=" + session()
	expect(t, decide(t, a, browser, cookies, "Origin: http://public.example:8080", "Referer: http://public.example:8080/x"), SignedIn, "")
	expect(t, decide(t, a, browser, cookies, "Origin: "+appOrigin), SignedOut, ReasonHeaderMissingCORS)
	expect(t, decide(t, a, browser, cookies, "Referer: "+appOrigin), Interstitial, ReasonCrossOriginReferrer)
}

func TestWhatIsDemandedOfTokensCanBeMore(t *testing.T) {
	a := newAuth(t, false, new(keyRing))
	a.options.Requirements.ClockSkew = verifier.DefaultClockSkew
	a.options.Requirements.Audiences = []string{"this"}
	expect(t, decide(t, a, "Authorization: "+session(object{"iat": at(4), "aud": "this"})), SignedIn, "")
	expect(t, decide(t, a, "Authorization: "+session(object{"exp": at(-4)})), SignedIn, "")
	expect(t, decide(t, a, "Authorization: "+session(object{"aud": "that"})), SignedOut, ReasonHeaderVerificationFailed)
}

func TestAPendingSessionIsNotSignedIn(t *testing.T) {
	s := decide(t, newAuth(t, false, new(keyRing)), "Authorization: "+session(object{"sts": "pending"}))
	expect(t, s, SignedIn, "")
	if s.IsSignedIn() || !s.IsPending() {
		t.Error("a session with a task left passes for a signed-in one")
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	v, err := verifier.New(verifier.Options{Keys: new(keyRing)})
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Options{
		"verifier": {Requirements: verifier.Requirements{Issuers: []string{issuer}}},
		"issuer":   {Verifier: v},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected an error about the %s, got %v", want, err)
		}
	}
}

func TestAppliedHeaders(t *testing.T) {
	a := newAuth(t, false, new(keyRing))
	for _, row := range []struct {
		line, result, cache string
	}{
		{"Authorization: " + session(), "", ""},
		{"Authorization: x", ReasonHeaderInvalid, ""},
		{"Cookie: __client_uat=1", ReasonCookieMissing, "no-store"},
	} {
		h := http.Header{"Auth-Result": {"another gate's"}}
		decide(t, a, row.line).Apply(h)
		if h.Get("Auth-Result") != row.result || h.Get("Cache-Control") != row.cache {
			t.Errorf("%s: got %v", row.line, h)
		}
	}
}
