// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// directivesOf are what Clerk sends at the end of a handshake.
func directivesOf(session string) []string {
	return []string{
		"__client_uat=1785585590; Path=/; Domain=example.com; Max-Age=315360000; Secure; SameSite=Lax",
		"__session=" + session + "; Path=/; Expires=Sat, 31 Jul 2027 12:00:00 GMT; Secure; SameSite=Lax",
	}
}

// carriers are the ways in which a handshake comes back. In production it is
// in a cookie, in development in the address; both are understood in both.
func carriers(k *kit, directives []string) map[string]func(t *testing.T) *http.Request {
	k.payloads.directives["nonce_1"] = directives
	token := k.handshake(directives...)
	return map[string]func(t *testing.T) *http.Request{
		"nonce in the address": func(t *testing.T) *http.Request { return document(t, "/p?a=1&__clerk_handshake_nonce=nonce_1") },
		"nonce in a cookie":    func(t *testing.T) *http.Request { return document(t, "/p?a=1", "__clerk_handshake_nonce=nonce_1") },
		"token in the address": func(t *testing.T) *http.Request { return document(t, "/p?a=1&__clerk_handshake="+token) },
		"token in a cookie":    func(t *testing.T) *http.Request { return document(t, "/p?a=1", "__clerk_handshake="+token) },
	}
}

func TestAReturnedHandshakeSignsIn(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		k := newKit(t, key)
		good := k.session()
		for name, carrier := range carriers(k, directivesOf(good)) {
			t.Run(string(k.auth.key.InstanceType)+" "+name, func(t *testing.T) {
				s := k.auth.Authenticate(carrier(t))
				expect(t, s, SignedIn, "")
				if s.Token != good || !slices.Equal(s.Cookies, directivesOf(good)) || !s.Returned {
					t.Errorf("%+v", s)
				}
				want := ""
				if key == testKey && strings.HasSuffix(name, "address") {
					want = appOrigin + "/p?a=1"
				}
				if s.Location != want {
					t.Errorf("redirected to %q, want %q", s.Location, want)
				}
				header := http.Header{}
				s.Apply(header)
				if header.Get("Access-Control-Allow-Origin") != "null" || header.Get("Access-Control-Allow-Credentials") != "true" ||
					header.Get("Cache-Control") != "no-store" || header.Get("X-Clerk-Auth-Status") != "" || len(header["Set-Cookie"]) != 2 {
					t.Errorf("headers %v", header)
				}
			})
		}
	}
}

func TestAReturnedHandshakeMaySignOut(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		k := newKit(t, key)
		for name, directives := range map[string][]string{
			"no cookie at all":    {},
			"no session":          {"__client_uat=0; Path=/"},
			"the session is over": {"__session=; Path=/; Max-Age=0", "__client_uat=0"},
		} {
			s := k.auth.Authenticate(carriers(k, directives)["token in the address"](t))
			expect(t, s, SignedOut, ReasonSessionTokenMissing)
			if len(s.Cookies) != len(directives) || !s.Returned || (s.Location != "") != (key == testKey) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestTheLastSessionOfAHandshakeCounts(t *testing.T) {
	k := newKit(t, liveKey)
	first, last := k.session(), k.session(object{"sub": "user_2"})
	for name, directives := range map[string][]string{
		"suffixed": {"__session=" + first + "; Path=/", "__session" + liveSuffix + "=" + last + "; Path=/"},
		"twice":    {"__session=x", "__session=" + last},
	} {
		s := k.auth.Authenticate(carriers(k, directives)["nonce in a cookie"](t))
		expect(t, s, SignedIn, "")
		if s.Token != last {
			t.Errorf("%s: %s", name, s.Token)
		}
	}
}

func TestANonceIsPreferredToAToken(t *testing.T) {
	k := newKit(t, liveKey)
	k.payloads.directives["n"] = []string{"__session=" + k.session(object{"sub": "user_nonce"})}
	token := k.handshake("__session=" + k.session())
	s := k.auth.Authenticate(document(t, "/", "__clerk_handshake="+token, "__clerk_handshake_nonce=n"))
	expect(t, s, SignedIn, "")
	if s.Claims.UserID != "user_nonce" {
		t.Errorf("signed in as %s", s.Claims.UserID)
	}
}

func TestANonceThatCannotBeExchangedBringsNothing(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		k := newKit(t, key)
		k.payloads.directives["broken"] = []string{"a=b\r\nX-Evil: 1", "__session=" + k.session()}
		k.payloads.directives["many"] = slices.Repeat([]string{"a=b"}, 1000)
		k.payloads.directives["large"] = []string{"a=" + strings.Repeat("b", 1<<20)}
		for _, nonce := range []string{"unknown", "broken", "many", "large", strings.Repeat("x", 1000)} {
			asked := len(k.payloads.asked)
			s := k.auth.Authenticate(document(t, "/?__clerk_handshake_nonce="+nonce))
			expect(t, s, SignedOut, ReasonSessionTokenMissing)
			if len(s.Cookies) > 0 {
				t.Errorf("%.10s: cookies %.100q", nonce, s.Cookies)
			}
			if len(nonce) == 1000 && len(k.payloads.asked) != asked {
				t.Error("Clerk was asked about a nonce that can be none")
			}
		}
	}
}

func TestWithoutTheBackendAPINoncesAreNone(t *testing.T) {
	k := newKit(t, liveKey, func(o *Options) { o.Handshakes = nil })
	s := k.auth.Authenticate(document(t, "/?__clerk_handshake_nonce=n", "__session="+k.session(), "__client_uat=1"))
	expect(t, s, SignedIn, "")
	if s.Returned {
		t.Error("a handshake came back")
	}
}

// badHandshakes are handshake tokens that must not count, with the reason.
func badHandshakes(k *kit) map[string]struct{ token, reason string } {
	directives := directivesOf(k.session())
	sign := func(header, payload object) string { return sign(instanceRSA(), header, payload) }
	type bad = struct{ token, reason string }
	return map[string]bad{
		"unreadable":    {"x", "token-invalid"},
		"foreign":       {foreign(object{"handshake": directives}), "token-invalid-signature"},
		"JWT template":  {sign(jwtHeader(object{"cat": templateClass}), object{"handshake": directives}), "token-invalid"},
		"no algorithm":  {sign(jwtHeader(object{"alg": "none"}), object{"handshake": directives}), "token-invalid-algorithm"},
		"another type":  {sign(jwtHeader(object{"typ": "at+jwt"}), object{"handshake": directives}), "token-invalid"},
		"unknown key":   {sign(jwtHeader(object{"kid": "ins_2"}), object{"handshake": directives}), "jwk-kid-mismatch"},
		"expired":       {sign(jwtHeader(), object{"handshake": directives, "exp": k.at(-6)}), "token-expired"},
		"not yet":       {sign(jwtHeader(), object{"handshake": directives, "nbf": k.at(6)}), "token-not-active-yet"},
		"in the future": {sign(jwtHeader(), object{"handshake": directives, "iat": k.at(6)}), "token-iat-in-the-future"},
		"line break":    {k.handshake("a=b\r\nX-Evil: 1"), "token-invalid"},
		"control":       {k.handshake("a=b\x00"), "token-invalid"},
		"no strings":    {sign(jwtHeader(), object{"handshake": []int{1}}), "token-invalid"},
	}
}

func TestATokenThatHoldsNoHandshakeBringsNothing(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		k := newKit(t, key)
		for name, token := range map[string]string{
			"a session":   k.session(),
			"no list":     sign(instanceRSA(), jwtHeader(), object{"handshake": "__session=" + k.session()}),
			"no members":  sign(instanceRSA(), jwtHeader(), object{}),
			"in an array": sign(instanceRSA(), jwtHeader(), object{"x": []string{"handshake"}}),
		} {
			s := k.auth.Authenticate(document(t, "/", "__clerk_handshake="+token, "__clerk_db_jwt=dvb_1"))
			if s.Status != SignedOut || len(s.Cookies) > 0 || s.Location != "" {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func foreign(payload object) string { return sign(foreignRSA(), jwtHeader(), payload) }

func TestInProductionABadHandshakeIsIgnored(t *testing.T) {
	k := newKit(t, liveKey)
	good := k.session()
	for name, bad := range badHandshakes(k) {
		t.Run(name, func(t *testing.T) {
			for _, r := range []*http.Request{
				document(t, "/", "__clerk_handshake="+bad.token, "__session="+good, "__client_uat=1"),
				document(t, "/?__clerk_handshake="+bad.token, "__session="+good, "__client_uat=1"),
			} {
				s := k.auth.Authenticate(r)
				expect(t, s, SignedIn, "")
				if s.Token != good || len(s.Cookies) > 0 || s.Returned || s.Location != "" {
					t.Errorf("%+v", s)
				}
			}
			s := k.auth.Authenticate(document(t, "/", "__clerk_handshake="+bad.token))
			expect(t, s, SignedOut, ReasonSessionTokenAndUATMissing)
		})
	}
}

func TestInDevelopmentABadHandshakeIsAnError(t *testing.T) {
	k := newKit(t, testKey)
	for name, bad := range badHandshakes(k) {
		t.Run(name, func(t *testing.T) {
			s := k.auth.Authenticate(document(t, "/?__clerk_handshake="+bad.token, "__session="+k.session(), "__client_uat=1", "__clerk_db_jwt=dvb_1"))
			expect(t, s, SignedOut, bad.reason)
			if !s.Refused || s.Location != "" || len(s.Cookies) > 0 || s.Returned {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestAReturnedSessionIsVerifiedLikeAnyOther(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		k := newKit(t, key)
		k.auth.want.AuthorizedParties = []string{appOrigin}
		for name, session := range map[string]string{
			"foreign":         k.foreign(),
			"unreadable":      "x",
			"JWT template":    sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), k.claims()),
			"another party":   k.session(object{"azp": "https://evil.example"}),
			"another issuer":  k.session(object{"iss": "https://clerk.evil.example"}),
			"long expired":    k.session(object{"exp": k.at(-25 * 3600)}),
			"in a far future": k.session(object{"iat": k.at(25 * 3600)}),
		} {
			for carrier, r := range carriers(k, directivesOf(session)) {
				s := k.auth.Authenticate(r(t))
				if s.Status == SignedIn || s.Returned || slices.ContainsFunc(s.Cookies, func(c string) bool { return strings.Contains(c, "__session") }) {
					t.Errorf("%s, %s, %s: %+v", k.auth.key.InstanceType, name, carrier, s)
				}
			}
		}
	}
}

func TestOnlyDevelopmentForgivesAClock(t *testing.T) {
	for name, change := range map[string]func(k *kit) object{
		"expired an hour ago":  func(k *kit) object { return object{"iat": k.at(-3660), "nbf": k.at(-3660), "exp": k.at(-3600)} },
		"active in an hour":    func(k *kit) object { return object{"iat": k.at(-10), "nbf": k.at(3600), "exp": k.at(3660)} },
		"issued in 23 hours":   func(k *kit) object { return object{"iat": k.at(23 * 3600), "nbf": nil, "exp": k.at(24 * 3600)} },
		"expired 23 hours ago": func(k *kit) object { return object{"iat": nil, "nbf": nil, "exp": k.at(-23 * 3600)} },
	} {
		t.Run(name, func(t *testing.T) {
			dev, live := newKit(t, testKey), newKit(t, liveKey)
			expect(t, dev.auth.Authenticate(carriers(dev, directivesOf(dev.session(change(dev))))["nonce in the address"](t)), SignedIn, "")
			expect(t, live.auth.Authenticate(carriers(live, directivesOf(live.session(change(live))))["nonce in a cookie"](t)),
				SignedOut, ReasonSessionTokenAndUATMissing)
			s := dev.auth.Authenticate(script(t, "/", "__clerk_db_jwt=dvb_1", "__client_uat=1", "__session="+dev.session(change(dev))))
			if s.Status != SignedOut {
				t.Errorf("without a handshake: %s", s.Status)
			}
		})
	}
}

func TestTheCleanAddressKeepsEverythingElse(t *testing.T) {
	k := newKit(t, testKey)
	token := k.handshake(directivesOf(k.session())...)
	for target, want := range map[string]string{
		"/?__clerk_handshake=" + token:                                         "/",
		"/?a=1&__clerk_handshake=" + token + "&b=2":                            "/?a=1&b=2",
		"/?__clerk_help=1&__clerk_db_jwt=x&a&__clerk_handshake=" + token:       "/?a=",
		"/?__clerk_handshake_nonce=&__clerk_handshake=" + token:                "/",
		"/?__clerk_handshake=" + token + "&__clerk_handshake=again":            "/",
		"//evil.example/x?__clerk_handshake=" + token:                          "//evil.example/x",
		`/\evil.example/x?__clerk_handshake=` + token:                          "//evil.example/x",
		"/.//evil.example?__clerk_handshake=" + token:                          "//evil.example",
		"/?__clerk_handshake=" + token + "&redirect_url=https://evil.example/": "/?redirect_url=https%3A%2F%2Fevil.example%2F",
		"/?__session=x&__clerk_handshake=" + token:                             "/?__session=x",
	} {
		for _, line := range []string{"GET ", "POST "} {
			s := k.auth.Authenticate(read(t, line+target, "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"))
			expect(t, s, SignedIn, "")
			if s.Location != appOrigin+want {
				t.Errorf("%s%s: to %s, want %s", line, target, s.Location, appOrigin+want)
			}
		}
	}
}

func TestAStaleCookieOfAHandshakeEndsInNoLoop(t *testing.T) {
	k := newKit(t, testKey)
	for name, cookie := range map[string]string{
		"nonce": "__clerk_handshake_nonce=used", "token": "__clerk_handshake=" + k.handshake("__client_uat=0"),
	} {
		s := k.auth.Authenticate(document(t, "/", cookie, "__session="+k.session(), "__client_uat=1", "__clerk_db_jwt=dvb_1"))
		expect(t, s, SignedIn, "")
		if s.Location != "" || len(s.Cookies) > 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
