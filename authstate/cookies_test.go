// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func readCookies(jar *cookieJar, h http.Header) (found cookies) {
	jar.read(h, &found)
	return found
}

func TestCookiesAreCutBeforeTheyAreDecoded(t *testing.T) {
	jar := newCookieJar("abcd1234")
	for header, want := range map[string]cookies{
		"":                                          {},
		"__session=a":                               {plainSession: "a"},
		"__session=a; __session=b":                  {plainSession: "a"},
		"__session=; __session=b":                   {},
		"__session":                                 {},
		"__session; __session=b":                    {plainSession: "b"},
		"  __session\t = a \t":                      {plainSession: "a"},
		`__session="a"`:                             {plainSession: `"a"`},
		"__session=a=b=":                            {plainSession: "a=b="},
		"__session=a%3Bb":                           {plainSession: "a;b"},
		"__session=a%3B%20__client_uat%3D1":         {plainSession: "a; __client_uat=1"},
		"x=1%3B__session=a":                         {},
		"__session%3Da":                             {},
		"%5F%5Fsession=a":                           {},
		"__Session=a":                               {},
		"__session=a%zz":                            {plainSession: "a%zz"},
		"__session=%41%zz":                          {plainSession: "%41%zz"},
		"__session=%ff":                             {plainSession: "%ff"},
		"__session=%":                               {plainSession: "%"},
		"__session=a+b":                             {plainSession: "a+b"},
		"__session=a,__client_uat=1":                {plainSession: "a,__client_uat=1"},
		"__session_abcd1234=a":                      {suffixedSession: "a"},
		"__session_abcd123=a":                       {},
		"__session_ABCD1234=a":                      {},
		"__refresh=a; __refresh_abcd1234=b":         {suffixedRefresh: "b"},
		"__client_uat=1;__client_uat_abcd1234=2":    {plainClientUAT: "1", suffixedClientUAT: "2"},
		"__clerk_db_jwt=a; __clerk_db_jwt_abcd1234": {plainDevBrowser: "a"},
		"__clerk_handshake=a;;; ;__clerk_handshake_nonce=b; __clerk_redirect_count=c": {
			handshakeToken: "a", handshakeNonce: "b", redirectCount: "c",
		},
		"__clerk_handshake_abcd1234=a": {},
		"a=__session=b":                {},
		"=__session":                   {},
	} {
		if got := readCookies(jar, http.Header{"Cookie": {header}}); got != want {
			t.Errorf("%q: %q", header, got)
		}
	}
}

func TestCookiesMayComeInSeveralLines(t *testing.T) {
	jar := newCookieJar("abcd1234")
	got := readCookies(jar, http.Header{"Cookie": {"__session=a", "__client_uat=1; __session=b"}})
	if want := (cookies{plainSession: "a", plainClientUAT: "1"}); got != want {
		t.Errorf("%q", got)
	}
}

func TestTenThousandOtherCookiesHideNone(t *testing.T) {
	k := newKit(t, liveKey)
	var b strings.Builder
	for i := range 10_000 {
		b.WriteString("__session" + strconv.Itoa(i) + "=x; ")
	}
	b.WriteString("__client_uat=1; __session=" + k.session())
	r := script(t, "/")
	r.Header.Set("Cookie", b.String())
	expect(t, k.auth.Authenticate(r), SignedIn, "")
}

func TestACookieOfAMegabyteIsRefusedUnread(t *testing.T) {
	bothInstances(t, func(t *testing.T, k *kit, devBrowser string) {
		for name, test := range map[string]struct{ char, reason string }{
			"letters":        {"a", "token-invalid"},
			"dots":           {".", "token-invalid"},
			"escapes":        {"%41", "token-invalid"},
			"escaped breaks": {"%0d%0a", "token-invalid"},
		} {
			t.Run(name, func(t *testing.T) {
				r := document(t, "/")
				r.Header.Set("Cookie", "__client_uat=1; __session="+strings.Repeat(test.char, 1<<20/len(test.char))+"; "+devBrowser)
				s := k.auth.Authenticate(r)
				expect(t, s, SignedOut, test.reason)
				header := http.Header{}
				s.Apply(header)
				if size := len(header.Get("X-Clerk-Auth-Message")); size > 1<<10 {
					t.Errorf("the message has %d bytes", size)
				}
			})
		}
	})
}

func TestNumbersOfAMegabyteAreRead(t *testing.T) {
	k := newKit(t, liveKey)
	r := script(t, "/")
	digits := strings.Repeat("7", 1<<20)
	r.Header.Set("Cookie", "__client_uat="+digits+"; __clerk_redirect_count="+digits+"; __session="+k.session())
	expect(t, k.auth.Authenticate(r), SignedOut, ReasonSessionTokenIATBeforeClientUAT)
}

func FuzzCookies(f *testing.F) {
	for _, seed := range []string{
		"", "__session=a; __client_uat=1", "__session=a%3B__client_uat%3D1", ";;=;__session", "__session=%ff%zz", "__session_abcd1234=\x80",
	} {
		f.Add(seed)
	}
	jar := newCookieJar("abcd1234")
	f.Fuzz(func(t *testing.T, header string) {
		got := readCookies(jar, http.Header{"Cookie": {header}})
		for i, value := range got {
			if value == "" {
				continue
			}
			if !strings.Contains(header, jar[i]) {
				t.Errorf("%q has a cookie %s", header, jar[i])
			}
			if len(value) > len(header) {
				t.Errorf("%q: the cookie %s has %d bytes", header, jar[i], len(value))
			}
		}
		// What follows is of other cookies, and changes nothing.
		if again := readCookies(jar, http.Header{"Cookie": {header + "; other=1; __session_=2"}}); again != got {
			t.Errorf("%q: %q, beside other cookies %q", header, got, again)
		}
	})
}

func TestDirectivesAreCutAsClerksSDKDoes(t *testing.T) {
	for directive, want := range map[string][2]string{
		"__session=a; Path=/":     {"__session", "a"},
		"__session_x=a.b.c;Path":  {"__session_x", "a.b.c"},
		"__session=a=b":           {"__session", "a"},
		"__session":               {"__session", ""},
		"":                        {"", ""},
		"; __session=a":           {"", ""},
		"a=1; __session=b":        {"a", "1"},
		" __session=a":            {" __session", "a"},
		"__session=; Max-Age=0":   {"__session", ""},
		"=x":                      {"", "x"},
		"__client_uat=1; Secure":  {"__client_uat", "1"},
		"__session=a, __session=": {"__session", "a, __session"},
	} {
		if got := [2]string{directiveName(directive), directiveValue(directive)}; got != want {
			t.Errorf("%q: %q, want %q", directive, got, want)
		}
	}
}
