// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
)

func TestHeaderValuesAreEncodedOnlyWhereTheyMustBe(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"user_2abcDEF":             "user_2abcDEF",
		"alice+a@example.com":      "alice+a@example.com",
		"Alice Adams, Jr. (\"A\")": "Alice Adams, Jr. (\"A\")",
		"org:a:read,org:a:manage":  "org:a:read,org:a:manage",
		" admin":                   "%20admin",
		"admin ":                   "admin%20",
		"  ":                       "%20%20",
		"Zoë":                      "Zo%C3%AB",
		"100%":                     "100%25",
		"Zo%C3%AB":                 "Zo%25C3%25AB",
		"a\r\nSet-Cookie: b":       "a%0D%0ASet-Cookie: b",
		"a\tb\x00c\x7f":            "a%09b%00c%7F",
		"\xff\xc3":                 "%FF%C3",
	} {
		if got := encodeHeaderValue(text); got != want {
			t.Errorf("%q: expected %q, got %q", text, want, got)
		}
	}
}

// FuzzHeaderValue has any text arrive as it was, and nothing in a header that
// does not belong there.
func FuzzHeaderValue(f *testing.F) {
	for _, text := range []string{"user_1", " a b ", "Zoë", "100%", "%41", "a\r\nB: c", "\xff", strings.Repeat("ü", 700), "\u2028"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoded := encodeHeaderValue(text)
		for i := range len(encoded) {
			if c := encoded[i]; c < ' ' || c > '~' {
				t.Fatalf("%q: expected printable ASCII, got %q", text, encoded)
			}
		}
		if !httpguts.ValidHeaderFieldValue(encoded) || strings.TrimSpace(encoded) != encoded {
			t.Fatalf("%q: expected a value that recipients keep, got %q", text, encoded)
		}
		decoded, err := url.PathUnescape(encoded)
		if err != nil {
			t.Fatalf("%q: expected something to decode, got %q", text, encoded)
		}
		// What is too long is not sent, and need not be whole.
		if len(encoded) <= maxIdentityValue && decoded != text {
			t.Fatalf("expected %q, got %q", text, decoded)
		}
	})
}

func TestCookiesThatAreClerks(t *testing.T) {
	for name, want := range map[string]bool{
		"__session": true, "__session_AbCd-_12": true, "__client_uat": true, "__client_uat_AbCd-_12": true, "__refresh_AbCd-_12": true,
		"__refresh": true, "__client": true, "__clerk_db_jwt": true, "__clerk_db_jwt_AbCd-_12": true, "__clerk_handshake": true,
		"__clerk_handshake_nonce": true, "__clerk_redirect_count": true, "__clerk_hs_reason": true, "__clerk_anything": true,
		"": false, "__": false, "session": false, "__sessions": false, "__session_": false, "__session_id": false,
		"__session_AbCd-_123": false, "__session_AbCd.~12": false, "__session-AbCd-_12": false, "__client_AbCd-_12": false,
		"__clients": false, "__clerk": false, "__Session": false, "__Host-session": false, "clerk_active_context": false,
		"__session_AbCdéf1": false, "_session": false,
	} {
		if got := isCredentialCookie(name); got != want {
			t.Errorf("%q: expected %v, got %v", name, want, got)
		}
	}
}

func TestOtherCookiesStayAsTheyWere(t *testing.T) {
	for name, test := range map[string]struct{ lines, want []string }{
		"none of Clerk's":       {[]string{"a=1;b=2; ;; c"}, []string{"a=1;b=2; ;; c"}},
		"first":                 {[]string{"__session=x; a=1"}, []string{"a=1"}},
		"last":                  {[]string{"a=1; __session=x"}, []string{"a=1"}},
		"between":               {[]string{"a=1; __session=x;  b=2"}, []string{"a=1;  b=2"}},
		"nothing else":          {[]string{"__session=x; __client_uat=1"}, nil},
		"nothing but blanks":    {[]string{"__session=x; ;"}, nil},
		"several lines":         {[]string{"a=1", "__session=x", "b=2; __client_uat=1"}, []string{"a=1", "b=2"}},
		"quotes":                {[]string{`a="x y"; __session="x"; b="`}, []string{`a="x y"; b="`}},
		"without a value":       {[]string{"__session; a=1"}, []string{"__session; a=1"}},
		"blanks":                {[]string{"a = 1 ;\t__session\t= x ; b=2"}, []string{"a = 1 ; b=2"}},
		"an equals sign more":   {[]string{"__session==x; a=b=c"}, []string{"a=b=c"}},
		"twice":                 {[]string{"__session=x; a=1; __session=y"}, []string{"a=1"}},
		"a name in the value":   {[]string{"a=__session=x"}, []string{"a=__session=x"}},
		"an encoded name":       {[]string{"%5F_session=x"}, []string{"%5F_session=x"}},
		"a comma is no end":     {[]string{"a=1, __session=x"}, []string{"a=1, __session=x"}},
		"a semicolon in quotes": {[]string{`a="b;__session=x;c"`}, []string{`a="b;c"`}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Cookie": slices.Clone(test.lines)}
			stripCookies(h)
			if got := h["Cookie"]; !slices.Equal(got, test.want) {
				t.Errorf("expected %q, got %q", test.want, got)
			}
			if _, ok := h["Cookie"]; ok && test.want == nil {
				t.Error("expected no header rather than an empty one")
			}
		})
	}
}

// FuzzStripCookies looks at what is left, pair by pair, and at what is not.
func FuzzStripCookies(f *testing.F) {
	for _, lines := range []string{
		"__session=x; a=1", "a=1;__clerk_db_jwt_AbCd-_12=y ; b", "a=\"x;__session=y\"\n__refresh=z;;", "=;__session=;\t__client =", "\n;\n ",
	} {
		f.Add(lines)
	}
	pairs := func(lines []string) (clerks, others []string) {
		for _, line := range lines {
			for _, pair := range strings.Split(line, ";") {
				name, _, ok := strings.Cut(pair, "=")
				if ok && isCredentialCookie(strings.Trim(name, " \t")) {
					clerks = append(clerks, pair)
				} else if strings.Trim(pair, " \t") != "" {
					// A blank that only came after a cookie of Clerk's may go.
					others = append(others, strings.TrimLeft(pair, " \t"))
				}
			}
		}
		return clerks, others
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		h := http.Header{"Cookie": slices.Clone(lines)}
		stripCookies(h)
		clerksBefore, before := pairs(lines)
		clerks, after := pairs(h["Cookie"])
		if len(clerks) > 0 {
			t.Fatalf("%q: expected none of Clerk's cookies, got %q", lines, clerks)
		}
		if !slices.Equal(before, after) {
			t.Fatalf("%q: expected %q, got %q", lines, before, after)
		}
		if len(clerksBefore) == 0 && !slices.Equal(lines, h["Cookie"]) {
			t.Fatalf("%q: expected nothing to change, got %q", lines, h["Cookie"])
		}
	})
}

// FuzzOwnedHeaders has every spelling of a name be covered, and no other name.
func FuzzOwnedHeaders(f *testing.F) {
	for _, name := range []string{"X-Webauth-User", "x_webauth.user", "X-Webauth-User-Id", "X-WebauthUser", "", "é"} {
		f.Add(name)
	}
	one := ownedHeaders{text: "x-webauth-user"}
	family := ownedHeaders{text: "x-webauth-", family: true}
	f.Fuzz(func(t *testing.T, name string) {
		// As CGI makes a variable of it.
		variable := []byte(strings.ToUpper(name))
		for i, c := range variable {
			if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
				variable[i] = '_'
			}
		}
		if got := string(variable) == "X_WEBAUTH_USER"; got && !one.covers(name) || !got && isASCII(name) && one.covers(name) {
			t.Errorf("%q is %s, covered: %v", name, variable, !got)
		}
		if got := strings.HasPrefix(string(variable), "X_WEBAUTH_"); got && !family.covers(name) {
			t.Errorf("%q is %s, and not covered", name, variable)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c > '~' }) < 0
}
