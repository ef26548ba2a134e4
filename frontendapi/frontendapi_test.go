// SPDX-License-Identifier: Apache-2.0

package frontendapi

import (
	"net/url"
	"path"
	"strings"
	"testing"
)

func upstream(t testing.TB, text string) *Upstream {
	t.Helper()
	base, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	u, err := NewUpstream(base)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestBelow(t *testing.T) {
	for target, want := range map[string]string{
		"/__clerk": "", "/__clerk/": "/", "/__clerk/v1?a": "/v1?a", "/__clerk?a": "?a",
		"/__clerks": "no", "/__clerk.js": "no", "/__Clerk/": "no", "/%5f_clerk/": "no", "/__cler": "no", "": "no", "//__clerk": "no",
	} {
		if below, ok := Below(target, "/__clerk"); ok != (want != "no") || ok && below != want {
			t.Errorf("%s: expected %q, got %q, %v", target, want, below, ok)
		}
	}
}

func TestTargetsInPlainSpellingAreTaken(t *testing.T) {
	for below, want := range map[string]Target{
		"":                                   {"/", "/", ""},
		"?a=b":                               {"/", "/", "a=b"},
		"/":                                  {"/", "/", ""},
		"/v1/client":                         {"/v1/client", "/v1/client", ""},
		"/v1/client/":                        {"/v1/client/", "/v1/client/", ""},
		"/v1/client?a=b&c=%2F..%2F&d=//e?f":  {"/v1/client", "/v1/client", "a=b&c=%2F..%2F&d=//e?f"},
		"/npm/@clerk/clerk-js@6/dist/a.b.js": {"/npm/@clerk/clerk-js@6/dist/a.b.js", "/npm/@clerk/clerk-js@6/dist/a.b.js", ""},
		"/v1/tokens/my%20template":           {"/v1/tokens/my template", "/v1/tokens/my%20template", ""},
		"/v1/tokens/%C3%BC":                  {"/v1/tokens/ü", "/v1/tokens/%C3%BC", ""},
		"/v1/a..b/...":                       {"/v1/a..b/...", "/v1/a..b/...", ""},
		"/v1/a;b=c":                          {"/v1/a;b=c", "/v1/a;b=c", ""},
	} {
		if got, err := ParseTarget(below); err != nil || got != want {
			t.Errorf("%s: expected %v, got %v (%v)", below, want, got, err)
		}
	}
}

func TestTargetsThatCanBeReadOtherwiseAreRefused(t *testing.T) {
	for _, below := range []string{
		"//evil.example", "///", "/v1//client", "/v1/client//", "/..", "/.", "/../a", "/v1/../..", "/v1/./a",
		"/%2e%2e/a", "/%2E", "/.%2e/a", "/..%2fa", "/..%5ca", "/%2fevil.example", "/v1%2Fclient", "/v1%5cclient", `/\evil.example`, `\v1`,
		"/%252e%252e/a", "/%25", "/..;/a", "/.;a", "/..;a=b/c", "/%2e%2e%3b/a", "/;/a", "/v1%00", "/v1%0d%0aa", "/v1%7f", "/v1%c2%85",
		"/v1%3fa", "/v1%23a", "/v1#a", "/v1?a#b", "/v1 a", "/v1\ta", "/v1\x00", "/v1?a b", "/v1?a\nb", "/%ff", "/%c0%ae", "/ü", "/%", "/%zz",
	} {
		if got, err := ParseTarget(below); err == nil {
			t.Errorf("%q: expected it to be refused, got %v", below, got)
		} else if strings.Contains(err.Error(), below) {
			t.Errorf("%q: expected an error that does not repeat it, got %v", below, err)
		}
	}
}

func TestDefaultsAreThoseOfClerksSDKs(t *testing.T) {
	for host, want := range map[string]string{
		"clerk.example.com":             "https://frontend-api.clerk.dev",
		"foo-bar-13.clerk.accounts.dev": "https://frontend-api.clerk.dev",
		"clerk.foo.bar-13.lcl.dev":      "https://frontend-api.clerk.dev",
		"clerk.foo.lclstage.dev":        "https://frontend-api.clerk.dev",
		"foo.lcl.dev":                   "https://frontend-api.lclclerk.com",
		"foo.accounts.lclclerk.com":     "https://frontend-api.lclclerk.com",
		"foo.clerk.accountsstage.dev":   "https://frontend-api.clerkstage.dev",
	} {
		if got := DefaultURL(host); got != want {
			t.Errorf("%s: expected %s, got %s", host, want, got)
		}
	}
}

func TestAddresses(t *testing.T) {
	for base, want := range map[string]string{
		"https://frontend-api.clerk.dev":  "frontend-api.clerk.dev:443",
		"https://fapi.example.com:8443/x": "fapi.example.com:8443",
		"http://127.0.0.1/":               "127.0.0.1:80",
		"http://[::1]:9000":               "[::1]:9000",
	} {
		if got := upstream(t, base).Address(); got != want {
			t.Errorf("%s: expected %s, got %s", base, want, got)
		}
	}
}

func TestUpstreamsWithSomethingSpecialAreRefused(t *testing.T) {
	for _, base := range []url.URL{
		{Scheme: "https", Host: "{env.HOST}"}, {Scheme: "https", Host: "a_b"}, {Scheme: "https", Host: "ü.example"}, {Scheme: "https", Host: ""},
		{Scheme: "https", Host: "a:123456"}, {Scheme: "https", Host: "a:b"}, {Scheme: "https", Host: "a:65536"}, {Scheme: "https", Host: "a:0"}, {Scheme: "https", Host: "."}, {Scheme: "https", Host: "-"},
		{Scheme: "https", Host: "a", Path: "/.."}, {Scheme: "https", Host: "a", Path: "x"},
		{Scheme: "https", Host: "a", Path: "/a%b"}, {Scheme: "https", Host: "a", Path: "/a/b", RawPath: "/a%2fb"}, {Scheme: "https", Host: "a", Path: "/a//b"},
	} {
		if _, err := NewUpstream(&base); err == nil {
			t.Errorf("%s: expected it to be refused", base.String())
		}
	}
}

func TestRedirectsToTheUpstreamBecomeThoseToTheProxy(t *testing.T) {
	const proxy = "https://app.example.com/__clerk"
	for _, test := range []struct{ base, location, want string }{
		{"https://fapi.example", "https://fapi.example/v1/a?b=c#d", proxy + "/v1/a?b=c#d"},
		{"https://fapi.example", "https://FAPI.example/v1/a%2Fb", proxy + "/v1/a%2Fb"},
		{"https://fapi.example", "/v1/a", proxy + "/v1/a"},
		{"https://fapi.example", "a", proxy + "/v1/a"},
		{"https://fapi.example", "?a", proxy + "/v1/client?a"},
		{"https://fapi.example", "https://fapi.example", proxy + "/"},
		{"https://fapi.example", "https://fapi.example?a", proxy + "/?a"},
		{"https://fapi.example", "../../../x", proxy + "/x"},
		{"https://fapi.example/base", "https://fapi.example/base/v1", proxy + "/v1"},
		{"https://fapi.example/base", "https://fapi.example/other/v1", "https://fapi.example/other/v1"},
		{"https://fapi.example/base", "https://fapi.example/based", "https://fapi.example/based"},
		{"https://fapi.example", "https://other.example/v1", "https://other.example/v1"},
		{"https://fapi.example", "https://fapi.example:443/v1", proxy + "/v1"},
		{"https://fapi.example", "https://fapi.example:/v1", proxy + "/v1"},
		{"https://fapi.example:443/", "https://fapi.example/v1", proxy + "/v1"},
		{"http://[::1]:80", "http://[::1]/v1", proxy + "/v1"},
		{"http://[::1]", "http://[::1]:443/v1", "http://[::1]:443/v1"},
		{"https://fapi.example", "https://fapi.example.:443/v1", "https://fapi.example.:443/v1"},
		{"https://fapi.example", "", ""},
		{"https://fapi.example", "http://fapi.example/v1", "http://fapi.example/v1"},
		{"https://fapi.example", "https://fapi.example:8443/v1", "https://fapi.example:8443/v1"},
		{"https://fapi.example", "https://user@fapi.example/v1", "https://user@fapi.example/v1"},
		{"https://fapi.example", "//evil.example/v1", "//evil.example/v1"},
		{"https://fapi.example", "com.example.app://callback", "com.example.app://callback"},
		{"https://fapi.example", "mailto:a@b", "mailto:a@b"},
		{"https://fapi.example", ":", ":"},
	} {
		if got := upstream(t, test.base).PublicLocation(test.location, "/v1/client", proxy); got != test.want {
			t.Errorf("%s at %s: expected %s, got %s", test.location, test.base, test.want, got)
		}
	}
}

// FuzzTarget holds that no target that is taken leaves the upstream's path, in the
// readings that servers have of it.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"", "/v1/client?a=b", "/v1/%20", "/../a", "/%2e%2e/", "//a", "/..;a", "/%25%32%65", "/a/b/c/", `/\`, "?a"} {
		f.Add(seed)
	}
	u := upstream(f, "https://fapi.example/base")
	f.Fuzz(func(t *testing.T, below string) {
		target, err := ParseTarget(below)
		if err != nil {
			return
		}
		joined := u.Join(target)
		text := joined.String()
		if joined.Host != "" || !strings.HasPrefix(text, "/base/") || strings.ContainsAny(text, "\r\n \\#") {
			t.Fatalf("%q: became %q", below, text)
		}
		read, err := url.ParseRequestURI(text)
		if err != nil || read.Host != "" || read.Path != "/base"+target.Path || read.RawQuery != target.RawQuery {
			t.Fatalf("%q: became %q, which is read as %v (%v)", below, text, read, err)
		}
		for decoded, before := read.Path, ""; decoded != before; {
			before = decoded
			if !strings.HasPrefix(path.Clean(decoded)+"/", "/base/") || strings.Contains(decoded, "//") {
				t.Fatalf("%q: %q leaves the path", below, decoded)
			}
			if again, err := url.PathUnescape(decoded); err == nil {
				decoded = again
			}
		}
	})
}

// FuzzPublicLocation holds that a redirect either stays as it is or leads to the
// proxy.
func FuzzPublicLocation(f *testing.F) {
	for _, seed := range []string{"", "/v1", "https://fapi.example/v1", "//evil.example", "https://fapi.example@evil.example", `\\evil`, "/%2f%2fevil", "?a#b"} {
		f.Add(seed)
	}
	const proxy = "https://app.example.com/__clerk"
	u := upstream(f, "https://fapi.example")
	f.Fuzz(func(t *testing.T, location string) {
		got := u.PublicLocation(location, "/v1/client", proxy)
		if got == location {
			return
		}
		if _, ok := Below(strings.ReplaceAll(got, "#", "?"), proxy); !ok {
			t.Fatalf("%q: became %q", location, got)
		}
		if parsed, err := url.Parse(got); err != nil || parsed.Host != "app.example.com" {
			t.Fatalf("%q: became %q (%v)", location, got, err)
		}
	})
}
