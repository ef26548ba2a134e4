// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"os"
	"strings"
	"testing"
)

// TestMistakesInAProxyNameTheSettingAndTheRemedy has what stands in the global
// option and the directive, and the message.
func TestMistakesInAProxyNameTheSettingAndTheRemedy(t *testing.T) {
	for _, name := range []string{"CLERK_PUBLISHABLE_KEY", "CLERK_SECRET_KEY", "CLERK_JWT_KEY", "CLERK_API_URL", "CLERK_FAPI_URL"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	const (
		publishable = "publishable_key pk_live_Y2xlcmsuZXhhbXBsZS5jb20k\n"
		keys        = publishable + "secret_key sk_live_abc\n"
		noPath      = "expected a path such as /__clerk, got '"
	)
	for _, test := range []struct{ global, proxy, message string }{
		{"", "", errNoPublishableKey.Error()},
		{publishable, "", "secret_key: not set, and Clerk answers a proxy only with it; set it in the global option clerk, in the instance, or as CLERK_SECRET_KEY"},
		{"accepts_token api_key\nsecret_key sk_live_abc", "", errNoPublishableKey.Error()},
		{keys, "@api", noPath + "@api'; the directive takes no matcher"},
		{keys, "__clerk", noPath + "__clerk'; the directive takes no matcher"},
		{keys, "/a /b", "unexpected argument '/b'; it takes one path"},
		{keys, "/__clerk/*", `path: expected one such as /__clerk, got "/__clerk/*"`},
		{keys, "/", `path: expected one such as /__clerk, got "/"`},
		{keys, "//a", `path: expected one such as /__clerk, got "//a"`},
		{keys, "/a/../b", `path: expected one such as /__clerk, got "/a/../b"`},
		{keys, "{env.NO_SUCH_VARIABLE}", "path: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the path out"},
		{keys, "{\nupstream\n}", "upstream: expected a value"},
		{keys, "{\nupstream a b\n}", "upstream: unexpected argument 'b'; " + oneTooMany},
		{keys, "{\nupstream https://a\nupstream https://b\n}", "upstream: already set; write it once, with all of its values on one line"},
		{keys, "{\nupstreams https://a\n}", "unrecognized subdirective 'upstreams' (allowed are: instance, upstream)"},
		{keys, "{\nupstream frontend-api.clerk.dev\n}", "upstream: expected an absolute URL, which begins with https://"},
		{keys, "{\nupstream http://frontend-api.clerk.dev\n}", `upstream: expected https (http is for loopback only), got "http://frontend-api.clerk.dev"`},
		{keys, "{\nupstream http://127.0.0.1.nip.io\n}", `upstream: expected https (http is for loopback only), got "http://127.0.0.1.nip.io"`},
		{keys, "{\nupstream https://{http.request.host}\n}", "upstream: unrecognized placeholder {http.request.host}; set what it refers to, or leave the setting out"},
		{keys, "{\nupstream https://a:99999\n}", "upstream: expected a plain host, such as frontend-api.clerk.dev"},
		{keys, "{\nupstream https://a/?b\n}", "upstream: expected a URL without user information, query and fragment"},
		{keys, "{\nupstream https://a/../b\n}", "upstream: expected a plain path, or none"},
		{keys, "{\nupstream https://a_b\n}", "upstream: expected a plain host, such as frontend-api.clerk.dev"},
		{keys, "{\nupstream {env.NO_SUCH_VARIABLE}\n}", "upstream: evaluated placeholder {env.NO_SUCH_VARIABLE} is empty; set what it refers to, or leave the setting out"},
		{keys, "{\ninstance acme\n}", `instance: expected the name of one in the global option clerk, which has none yet, got "acme"`},
		{keys + "proxy_url /clerk", "", "path: expected /clerk, the path of proxy_url, got /__clerk; make them the same"},
		{keys + "proxy_url https://app.example.com", "", "path: expected /, the path of proxy_url, got /__clerk; make them the same"},
		{keys + "proxy_url https://app.example.com/__clerk/", "", ""},
		{keys, "", ""},
		{keys, "/a.b/c-d_e~ {\nupstream https://[::1]:9000/x/\n}", ""},
	} {
		got := siteComplaint(t, test.global, "clerk_proxy "+test.proxy)
		if got != test.message && !strings.HasSuffix(got, ": "+test.message) {
			t.Errorf("%q, %q: expected %q, got %q", test.global, test.proxy, test.message, got)
		}
	}
}
