// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestTheTracesOfASessionAreRemovedFromEverywhere(t *testing.T) {
	k := newKit(t, liveKey)
	got := k.auth.SignOut(signOutRequest(t,
		"theme=dark", "__session=a", "__session"+liveSuffix+"=a", "__client_uat=1", "__client_uat"+liveSuffix+"=1",
		"__refresh"+liveSuffix+"=r", "__refresh=r", "__clerk_handshake=h", "__clerk_handshake_nonce=n",
		"__clerk_db_jwt=d", "__clerk_db_jwt"+liveSuffix+"=d", "__clerk_redirect_count=1", "__session_AAAAAAAA=b", "__client_uat_AAAAAAAA=1"))
	var want []string
	for _, name := range []string{
		"__session", "__session" + liveSuffix, "__client_uat", "__client_uat" + liveSuffix, "__refresh" + liveSuffix,
		"__clerk_handshake", "__clerk_handshake_nonce",
	} {
		directive := name + "=; Path=/; Max-Age=0; SameSite=Lax; Secure"
		want = append(want, directive, directive+"; Domain=example.com", directive+"; Domain=app.example.com")
	}
	if !slices.Equal(got, want) {
		t.Errorf("expected\n%s\ngot\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

func TestWhatTheBrowserDoesNotHaveIsNotRemoved(t *testing.T) {
	k := newKit(t, liveKey)
	for _, cookies := range [][]string{nil, {"theme=dark"}, {"__session=", "__client_uat="}} {
		if got := k.auth.SignOut(signOutRequest(t, cookies...)); len(got) != 0 {
			t.Errorf("%q: expected no cookies, got %q", cookies, got)
		}
	}
}

// A browser takes no secure cookie from a page that is not.
func TestOnPlainHTTPCookiesAreRemovedWithoutSecure(t *testing.T) {
	k := newKit(t, liveKey)
	r := signOutRequest(t, "__session=a")
	r.TLS = nil
	if got, want := k.auth.SignOut(r)[0], "__session=; Path=/; Max-Age=0; SameSite=Lax"; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

func TestCookieDomains(t *testing.T) {
	for host, want := range map[string]string{
		"example.com":                     "example.com",
		"app.example.com":                 "example.com app.example.com",
		"APP.Example.com:8443":            "example.com app.example.com",
		"a.b.example.co.uk":               "example.co.uk b.example.co.uk a.b.example.co.uk",
		"a.b.c.d.e.f.example.com":         "example.com f.example.com e.f.example.com d.e.f.example.com",
		"site.github.io":                  "site.github.io",
		"app.localhost":                   "app.localhost",
		"com":                             "",
		"co.uk":                           "",
		"github.io":                       "",
		"localhost":                       "",
		"localhost:8080":                  "",
		"127.0.0.1":                       "",
		"127.0.0.1:8080":                  "",
		"10.1":                            "",
		"0x7f.0x1":                        "",
		"[::1]":                           "",
		"[::1]:8080":                      "",
		"[::ffff:1.2.3.4]":                "",
		"":                                "",
		".":                               "",
		"example.com.":                    "",
		".example.com":                    "",
		"a..example.com":                  "",
		"example.com; Domain=b":           "",
		"example.com\r\nX: y":             "",
		"ex\u00e4mple.com":                "",
		"example.com,b":                   "",
		"example.com/x":                   "",
		strings.Repeat("a.", 200) + "com": "",
	} {
		if got := strings.Join(cookieDomains(host), " "); got != want {
			t.Errorf("%q: expected %q, got %q", host, want, got)
		}
	}
}

// FuzzExpire gives any host a browser's cookies to remove: what comes out is
// cookies that net/http reads back, each for the host or what is above it.
func FuzzExpire(f *testing.F) {
	for _, seed := range []string{"app.example.com", "a.b.c.example.co.uk:1", "127.0.0.1", "[::1]:80", "a;b.c", "\x00.com", "x.github.io"} {
		f.Add(seed, "https")
	}
	jar := newCookieJar("abcdefgh")
	f.Fuzz(func(t *testing.T, host, scheme string) {
		found := new(cookies)
		for i := range found {
			found[i] = "x"
		}
		directives := jar.expire(found, &RequestURL{Scheme: scheme, Host: host})
		if len(directives) > len(sessionTraces)*(1+maxCookieDomains) {
			t.Fatalf("got %d directives", len(directives))
		}
		name, _, _ := strings.Cut(strings.ToLower(host), ":")
		for _, directive := range directives {
			c, err := http.ParseSetCookie(directive)
			if err != nil || c.MaxAge >= 0 || c.Value != "" || c.Path != "/" || len(c.Unparsed) > 0 || c.Secure != (scheme == "https") {
				t.Errorf("got %q, which is %+v (%v)", directive, c, err)
			}
			if c != nil && c.Domain != "" && c.Domain != name && !strings.HasSuffix(name, "."+c.Domain) {
				t.Errorf("%q is not above %q", c.Domain, host)
			}
		}
	})
}
