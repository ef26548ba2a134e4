// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

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
		if got := isClerkCookie(name); got != want {
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
			lines := slices.Clone(test.lines)
			h := http.Header{"Cookie": lines}
			StripCookies(h)
			if got := h["Cookie"]; !slices.Equal(got, test.want) {
				t.Errorf("expected %q, got %q", test.want, got)
			}
			if _, ok := h["Cookie"]; ok && test.want == nil {
				t.Error("expected no header rather than an empty one")
			}
			if !slices.Equal(lines, test.lines) {
				t.Errorf("expected a copy of the header to keep its lines, got %q", lines)
			}
		})
	}
}

// FuzzStripCookies looks at what is left, pair by pair, and at what is not:
// an Authenticator must find nothing there any more.
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
				if ok && isClerkCookie(trimBlanks(name)) {
					clerks = append(clerks, pair)
				} else if strings.Trim(pair, " \t") != "" {
					// A blank that only came after a cookie of Clerk's may go.
					others = append(others, strings.TrimLeft(pair, " \t"))
				}
			}
		}
		return clerks, others
	}
	jar := newCookieJar("AbCd-_12")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		h := http.Header{"Cookie": slices.Clone(lines)}
		StripCookies(h)
		clerksBefore, before := pairs(lines)
		clerks, after := pairs(h["Cookie"])
		if len(clerks) > 0 {
			t.Fatalf("%q: expected none of Clerk's cookies, got %q", lines, clerks)
		}
		if found := readCookies(jar, h); found != (cookies{}) {
			t.Fatalf("%q: expected nothing to authenticate by, got %q", lines, found)
		}
		if !slices.Equal(before, after) {
			t.Fatalf("%q: expected %q, got %q", lines, before, after)
		}
		if len(clerksBefore) == 0 && !slices.Equal(lines, h["Cookie"]) {
			t.Fatalf("%q: expected nothing to change, got %q", lines, h["Cookie"])
		}
	})
}
