// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"strconv"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// TestEveryRowOfTheDecisionTable has each row of the table that the cookies
// are decided by. A handshake becomes signed-out, for the same reason, where
// the request is no document.
func TestEveryRowOfTheDecisionTable(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		k.auth.want.AuthorizedParties = []string{appOrigin}
		k.auth.want.Audiences = []string{"this"}
		good, old := k.session(), k.expired()
		refresh := "__refresh_" + k.auth.key.CookieSuffix() + "=r"
		with := func(change object) string { return k.session(change) }
		signedBy := func(header object) string { return sign(instanceRSA(), header, k.claims()) }
		for _, test := range []struct {
			name    string
			cookies []string
			status  Status
			reason  string
		}{
			{"7 nothing", nil, SignedOut, ReasonSessionTokenAndUATMissing},
			{"7 uat 0", []string{"__client_uat=0"}, SignedOut, ReasonSessionTokenAndUATMissing},
			{"7 uat is no number", []string{"__client_uat=x"}, SignedOut, ReasonSessionTokenAndUATMissing},
			{"7 empty session", []string{"__session="}, SignedOut, ReasonSessionTokenAndUATMissing},
			{"8 no uat", []string{"__session=" + good}, Handshake, ReasonSessionTokenWithoutClientUAT},
			{"8 uat 0", []string{"__session=" + good, "__client_uat=0"}, Handshake, ReasonSessionTokenWithoutClientUAT},
			{"8 uat is no number", []string{"__session=" + good, "__client_uat=NaN"}, Handshake, ReasonSessionTokenWithoutClientUAT},
			{"9 no session", []string{"__client_uat=1"}, Handshake, ReasonClientUATWithoutSessionToken},
			{"9 empty session", []string{"__session=", "__client_uat=12abc"}, Handshake, ReasonClientUATWithoutSessionToken},
			{"9 uat below zero", []string{"__client_uat=-5"}, Handshake, ReasonClientUATWithoutSessionToken},
			{"10 unreadable", []string{"__session=x.y.z", "__client_uat=1"}, SignedOut, "token-invalid"},
			{"10 payload null", []string{"__session=" + encode(jwtHeader()) + ".bnVsbA.eA", "__client_uat=1"}, SignedOut, "token-invalid"},
			{"11 JWT template", []string{"__session=" + signedBy(jwtHeader(object{"cat": templateClass})), "__client_uat=1"}, SignedOut, "token-type-mismatch"},
			{"11 machine class", []string{"__session=" + signedBy(jwtHeader(object{"cat": machineClass})), "__client_uat=1"}, SignedOut, "token-type-mismatch"},
			{"11 unknown class", []string{"__session=" + signedBy(jwtHeader(object{"cat": "else"})), "__client_uat=1"}, SignedOut, "token-type-mismatch"},
			{"11 machine subject", []string{"__session=" + with(object{"sub": "mch_1"}), "__client_uat=1"}, SignedOut, "token-type-mismatch"},
			{"11 OAuth", []string{"__session=" + signedBy(jwtHeader(object{"typ": "at+jwt"})), "__client_uat=1"}, SignedOut, "token-type-mismatch"},
			{"11 comes before 12", []string{"__session=" + with(object{"sub": "mch_1"}), "__client_uat=" + unix(k.at(0))}, SignedOut, "token-type-mismatch"},
			{"12 session is older than uat", []string{"__session=" + good, "__client_uat=" + unix(k.at(-9))}, Handshake, ReasonSessionTokenIATBeforeClientUAT},
			{"12 whoever signed it", []string{"__session=" + k.foreign(), "__client_uat=" + unix(k.at(-9))}, Handshake, ReasonSessionTokenIATBeforeClientUAT},
			{"12 not when they are of one age", []string{"__session=" + good, "__client_uat=" + unix(k.at(-10))}, SignedIn, ""},
			{"14 expired", []string{"__session=" + old, "__client_uat=1"}, Handshake, ReasonSessionTokenExpired + "-refresh-non-eligible-no-refresh-cookie"},
			{"14 expired, no client to refresh", []string{"__session=" + old, "__client_uat=1", refresh}, Handshake, ReasonSessionTokenExpired + "-refresh-missing-api-client"},
			{"14 plain refresh cookie", []string{"__session=" + old, "__client_uat=1", "__refresh=r"}, Handshake, ReasonSessionTokenExpired + "-refresh-non-eligible-no-refresh-cookie"},
			{"14 not active yet", []string{"__session=" + with(object{"nbf": k.at(60)}), "__client_uat=1"}, Handshake, ReasonSessionTokenNBF},
			{"14 issued in the future", []string{"__session=" + with(object{"iat": k.at(60)}), "__client_uat=1"}, Handshake, ReasonSessionTokenIatInTheFuture},
			{"14 not within the skew", []string{"__session=" + with(object{"iat": k.at(4), "nbf": k.at(4), "exp": k.at(-4)}), "__client_uat=1"}, SignedIn, ""},
			{"15 foreign", []string{"__session=" + k.foreign(), "__client_uat=1"}, SignedOut, "token-invalid-signature"},
			{"15 foreign and expired", []string{"__session=" + sign(foreignRSA(), jwtHeader(), k.claims(object{"exp": k.at(-60)})), "__client_uat=1"}, SignedOut, "token-invalid-signature"},
			{"15 unknown key", []string{"__session=" + signedBy(jwtHeader(object{"kid": "ins_2"})), "__client_uat=1"}, SignedOut, "jwk-kid-mismatch"},
			{"15 no algorithm", []string{"__session=" + signedBy(jwtHeader(object{"alg": "none"})), "__client_uat=1"}, SignedOut, "token-invalid-algorithm"},
			{"15 symmetric algorithm", []string{"__session=" + signedBy(jwtHeader(object{"alg": "HS256"})), "__client_uat=1"}, SignedOut, "token-invalid-algorithm"},
			{"15 another type", []string{"__session=" + signedBy(jwtHeader(object{"typ": "jwt"})), "__client_uat=1"}, SignedOut, "token-invalid"},
			{"15 unknown extension", []string{"__session=" + signedBy(jwtHeader(object{"crit": []string{"x"}})), "__client_uat=1"}, SignedOut, "token-invalid"},
			{"15 no subject", []string{"__session=" + with(object{"sub": nil}), "__client_uat=1"}, SignedOut, "token-verification-failed"},
			{"15 another audience", []string{"__session=" + with(object{"aud": "that"}), "__client_uat=1"}, SignedOut, "token-verification-failed"},
			{"15 another party", []string{"__session=" + with(object{"azp": "https://evil.example"}), "__client_uat=1"}, SignedOut, "token-invalid-authorized-parties"},
			{"15 no party", []string{"__session=" + with(object{"azp": nil}), "__client_uat=1"}, SignedOut, "token-invalid-authorized-parties"},
			{"15 no expiry", []string{"__session=" + with(object{"exp": nil}), "__client_uat=1"}, SignedOut, "token-verification-failed"},
			{"18 good", []string{"__session=" + good, "__client_uat=1"}, SignedIn, ""},
			{"18 right audience", []string{"__session=" + with(object{"aud": []string{"that", "this"}}), "__client_uat=1"}, SignedIn, ""},
			{"18 pending", []string{"__session=" + with(object{"sts": "pending"}), "__client_uat=1"}, SignedIn, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				cookies := append([]string{devBrowser}, test.cookies...)
				s := k.auth.Authenticate(document(t, "/", cookies...))
				expect(t, s, test.status, test.reason)
				if (s.Location != "") != (test.status == Handshake) || (len(s.Cookies) == 1) != (test.status == Handshake) {
					t.Errorf("location %q, cookies %q", s.Location, s.Cookies)
				}
				if test.status == Handshake {
					test.status = SignedOut
				}
				s = k.auth.Authenticate(script(t, "/", cookies...))
				expect(t, s, test.status, test.reason)
				if s.Location != "" || len(s.Cookies) > 0 || s.Loop || s.Unavailable {
					t.Errorf("a script gets %+v", s)
				}
			})
		}
	})
}

func unix(seconds int64) string { return strconv.FormatInt(seconds, 10) }

func TestADevelopmentInstanceNeedsABrowserToken(t *testing.T) {
	k := newKit(t, testKey)
	good := []string{"__session=" + k.session(), "__client_uat=1"}
	for _, test := range []struct {
		name, target string
		cookies      []string
		status       Status
		reason       string
	}{
		{"5 in the address", "/?__clerk_db_jwt=dvb_1", good, Handshake, ReasonDevBrowserSync},
		{"5 in the address and a cookie", "/?__clerk_db_jwt=dvb_1", append(good, "__clerk_db_jwt=dvb_2"), Handshake, ReasonDevBrowserSync},
		{"5 empty in the address", "/?__clerk_db_jwt", good, Handshake, ReasonDevBrowserSync},
		{"5 spelled with escapes", "/?%5F_clerk%5fdb_jwt=dvb_1", good, Handshake, ReasonDevBrowserSync},
		{"6 nowhere", "/", good, Handshake, ReasonDevBrowserMissing},
		{"6 empty cookie", "/", append(good, "__clerk_db_jwt="), Handshake, ReasonDevBrowserMissing},
		{"6 in the fragment", "/#?__clerk_db_jwt=dvb_1", good, Handshake, ReasonDevBrowserMissing},
		{"6 nobody is there", "/", nil, Handshake, ReasonDevBrowserMissing},
		{"18 in a cookie", "/", append(good, "__clerk_db_jwt=dvb_1"), SignedIn, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			expect(t, k.auth.Authenticate(document(t, test.target, test.cookies...)), test.status, test.reason)
		})
	}
	t.Run("of no use in production", func(t *testing.T) {
		k := newKit(t, liveKey)
		s := k.auth.Authenticate(document(t, "/?__clerk_db_jwt=dvb_1", "__session="+k.session(), "__client_uat=1"))
		expect(t, s, SignedIn, "")
	})
}

func TestTheThirdHandshakeInARowIsTheLast(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		for counter, want := range map[string]string{
			"":          "1",
			"0":         "1",
			"1":         "2",
			"2":         "3",
			"3":         "",
			"0x3":       "",
			"3.0":       "",
			"%33":       "",
			"3a":        "1",
			"4":         "5",
			"99":        "100",
			"-1":        "0",
			"1e400":     "Infinity",
			"-Infinity": "-Infinity",
			"2%0d%0a":   "3",
		} {
			t.Run(counter, func(t *testing.T) {
				s := k.auth.Authenticate(document(t, "/", "__client_uat=1", "__clerk_redirect_count="+counter, devBrowser))
				if want == "" {
					expect(t, s, SignedOut, ReasonClientUATWithoutSessionToken)
					if !s.Loop || s.Location != "" || len(s.Cookies) > 0 {
						t.Errorf("the loop goes on: %+v", s)
					}
					return
				}
				expect(t, s, Handshake, ReasonClientUATWithoutSessionToken)
				if cookie := "__clerk_redirect_count=" + want + "; SameSite=Lax; HttpOnly; Max-Age=2"; len(s.Cookies) != 1 || s.Cookies[0] != cookie {
					t.Errorf("cookies %q, want %q", s.Cookies, cookie)
				}
			})
		}
	})
}

// redirectable are cookies that make a document begin a handshake.
func redirectable(k *kit) map[string]string {
	return map[string]string{
		"no session":    "__client_uat=1",
		"no uat":        "__session=" + k.session(),
		"expired":       "__client_uat=1; __session=" + k.expired(),
		"uat is newer":  "__client_uat=" + unix(k.at(0)) + "; __session=" + k.session(),
		"in the future": "__client_uat=1; __session=" + k.session(object{"iat": k.at(60)}),
	}
}

func TestOnlyANavigationIsRedirected(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		states := redirectable(k)
		for _, test := range []struct {
			line    string
			headers string
			want    bool
		}{
			{"GET /", "Sec-Fetch-Dest: document", true},
			{"GET /", "Sec-Fetch-Dest: iframe", true},
			{"GET /", "Accept: text/html,application/xhtml+xml", true},
			{"GET /", "Sec-Fetch-Dest: document\r\nAccept: */*", true},
			{"GET /", "Sec-Fetch-Dest: document\r\nUpgrade: h2c", true},
			{"GET /", "X-Other: 1", false},
			{"GET /", "Accept: */*", false},
			{"GET /", "Accept: application/json, text/html", false},
			{"GET /", "Accept: TEXT/HTML", false},
			{"GET /", "Accept: text/event-stream", false},
			{"GET /", "Sec-Fetch-Dest: empty\r\nAccept: text/html", false},
			{"GET /", "Sec-Fetch-Dest: empty\r\nAccept: text/event-stream", false},
			{"GET /", "Sec-Fetch-Dest: Document", false},
			{"GET /", "Sec-Fetch-Dest: image\r\nAccept: text/html", false},
			{"GET /", "Sec-Fetch-Dest: frame", false},
			{"GET /", "Connection: Upgrade\r\nUpgrade: websocket\r\nAccept: text/html", false},
			{"GET /", "Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-Fetch-Dest: document", false},
			{"HEAD /", "Sec-Fetch-Dest: document", false},
			{"POST /", "Sec-Fetch-Dest: document", false},
			{"PUT /", "Sec-Fetch-Dest: document", false},
			{"OPTIONS /", "Sec-Fetch-Dest: document", false},
			{"OPTIONS *", "Sec-Fetch-Dest: document", false},
			{"get /", "Sec-Fetch-Dest: document", false},
			{"CONNECT app.example.com:443", "Sec-Fetch-Dest: document", false},
		} {
			t.Run(test.line+" "+test.headers, func(t *testing.T) {
				for name, cookies := range states {
					r := read(t, test.line, "Cookie: "+cookies+"; "+devBrowser, test.headers)
					s := k.auth.Authenticate(r)
					if (s.Status == Handshake) != test.want || (s.Location != "") != test.want || s.IsDocument() != test.want {
						t.Errorf("%s: %s to %q, a document: %v", name, s.Status, s.Location, s.IsDocument())
					}
				}
			})
		}
	})
}

func TestAnExtendedConnectIsNeverRedirected(t *testing.T) {
	k := newKit(t, liveKey)
	for name, change := range map[string]func(header map[string][]string) string{
		"pseudo header": func(h map[string][]string) string { h[":protocol"] = []string{"websocket"}; return "HTTP/2.0" },
		"protocol":      func(map[string][]string) string { return "websocket" },
	} {
		r := document(t, "/", "__client_uat=1")
		r.Proto = change(r.Header)
		if s := k.auth.Authenticate(r); s.Location != "" {
			t.Errorf("%s: redirected to %s", name, s.Location)
		}
	}
}

func TestUnavailableKeysSignNobodyInAndRedirectNobody(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		good, handshake := k.session(), k.handshake("__session="+k.session())
		k.payloads.directives["n"] = []string{"__session=" + good}
		k.keys.outage = errOutage
		for name, r := range map[string][]string{
			"cookie":           {"GET /", "Cookie: __client_uat=1; __session=" + good + "; " + devBrowser},
			"header":           {"GET /", "Authorization: Bearer " + good},
			"handshake token":  {"GET /?__clerk_handshake=" + handshake, "Cookie: " + devBrowser},
			"handshake nonce":  {"GET /?__clerk_handshake_nonce=n", "Cookie: " + devBrowser},
			"handshake cookie": {"GET /", "Cookie: __clerk_handshake=" + handshake},
		} {
			t.Run(name, func(t *testing.T) {
				s := k.auth.Authenticate(read(t, r[0], r[1], "Sec-Fetch-Dest: document"))
				expect(t, s, SignedOut, string(verifier.ReasonJWKRemoteFailedToLoad))
				if !s.Unavailable || s.Location != "" || len(s.Cookies) > 0 || s.Refused {
					t.Errorf("%+v", s)
				}
			})
		}
	})
}
