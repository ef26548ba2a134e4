// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// keyOf makes the publishable key of a production instance from what it
// encodes.
func keyOf(decoded string) string {
	return "pk_live_" + base64.StdEncoding.EncodeToString([]byte(decoded))
}

func TestPublishableKeyNamesTheFrontendAPI(t *testing.T) {
	for _, test := range []struct {
		name, key, host, suffix string
		kind                    InstanceType
	}{
		{"production", liveKey, "clerk.example.com", "naoXFJnI", Production},
		{"development", testKey, "foo-bar-13.clerk.accounts.dev", "nx2hSE6I", Development},
		{"padded", "pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ=", "fake-clerk-test.clerk.accounts.dev", "qReyu04C", Production},
		{"not padded", "pk_test_Y2xlcmsuY2xlcmsuZGV2JA", "clerk.clerk.dev", "QvfNY2dr", Development},
		{"suffix with an underscore", "pk_test_ZW5vdWdoLWFscGFjYS04Mi5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k", "enough-alpaca-82.clerk.accounts.lclclerk.com", "jtYvyt_H", Development},
		{"suffix with a dash", "pk_test_eHh4eHh4LXhhYWFhYS1hYS5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k", "xxxxxx-xaaaaa-aa.clerk.accounts.lclclerk.com", "tZJdb-5s", Development},
	} {
		t.Run(test.name, func(t *testing.T) {
			key, err := ParsePublishableKey(test.key)
			if err != nil {
				t.Fatal(err)
			}
			if key.Key != test.key || key.FrontendAPI != test.host || key.InstanceType != test.kind {
				t.Errorf("%+v", key)
			}
			if suffix := key.CookieSuffix(); suffix != test.suffix {
				t.Errorf("suffix %q, want %q", suffix, test.suffix)
			}
		})
	}
}

func TestPaddingChangesTheCookieSuffixAndNothingElse(t *testing.T) {
	const bare = "pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ"
	suffixes := map[string]bool{}
	for _, padding := range []string{"", "=", "=="} {
		key, err := ParsePublishableKey(bare + padding)
		if err != nil {
			t.Fatalf("%q: %v", padding, err)
		}
		if key.FrontendAPI != "fake-clerk-test.clerk.accounts.dev" {
			t.Errorf("%q: host %q", padding, key.FrontendAPI)
		}
		suffixes[key.CookieSuffix()] = true
	}
	if len(suffixes) != 3 {
		t.Errorf("%d suffixes, want 3", len(suffixes))
	}
}

func TestPublishableKeyRefusesWhatIsNone(t *testing.T) {
	for name, key := range map[string]string{
		"nothing":                    "",
		"prefix only":                "pk_live_",
		"other kind":                 "pk_prod_Y2xlcmsuZXhhbXBsZS5jb20k",
		"upper case":                 "PK_LIVE_Y2xlcmsuZXhhbXBsZS5jb20k",
		"secret key":                 "sk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
		"space in front":             " " + liveKey,
		"space behind":               liveKey + " ",
		"line break behind":          liveKey + "\n",
		"fourth part":                liveKey + "_x",
		"not base64":                 "pk_live_Y2xlcms*",
		"padding in the middle":      "pk_live_Y2xl=cmsuZXhhbXBsZS5jb20k",
		"no dollar":                  keyOf("clerk.example.com"),
		"dollar alone":               keyOf("$"),
		"two dollars":                keyOf("clerk.example.com$$"),
		"dollar in the middle":       keyOf("clerk$.example.com$"),
		"no dot":                     keyOf("localhost$"),
		"path":                       keyOf("evil.com/$"),
		"user information":           keyOf("a@b.c$"),
		"fragment":                   keyOf("x.y#$"),
		"query":                      keyOf("x.y?$"),
		"backslash":                  keyOf(`x.y\$`),
		"scheme":                     keyOf("https://clerk.example.com$"),
		"space":                      keyOf("clerk.example.com evil.com$"),
		"line break":                 keyOf("clerk.example.com\r\nSet-Cookie: a=b$"),
		"tab, which browsers drop":   keyOf("clerk.example\t.com$"),
		"percent sign":               keyOf("clerk%2eexample.com$"),
		"null":                       keyOf("clerk.example.com\x00$"),
		"not ASCII":                  keyOf("clérk.example.com$"),
		"full stop of another width": keyOf("clerk。example.com$"),
		"not UTF-8":                  keyOf("clerk.\xff.com$"),
		"too long":                   keyOf(strings.Repeat("a.", 127) + "$"),
	} {
		t.Run(name, func(t *testing.T) {
			if parsed, err := ParsePublishableKey(key); err == nil {
				t.Errorf("%q was taken for %+v", key, parsed)
			} else if !errors.Is(err, errPublishableKey) {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}

func TestAccountsPortalStandsBesideTheFrontendAPI(t *testing.T) {
	for host, want := range map[string]string{
		"clerk.example.com":                        "https://accounts.example.com",
		"foo-bar-13.clerk.accounts.dev":            "https://foo-bar-13.accounts.dev",
		"foo-bar-13.clerk.accountsstage.dev":       "https://foo-bar-13.accountsstage.dev",
		"happy-hippo-1.clerk.accounts.lclclerk.co": "https://happy-hippo-1.accounts.lclclerk.co",
		"clerk.clerk.dev":                          "https://accounts.clerk.dev",
		"auth.example.com":                         "https://auth.example.com",
		"clerk.accounts.example.com":               "https://accounts.example.com",
		"clerk.example.com:8443":                   "https://accounts.example.com:8443",
	} {
		if got := (PublishableKey{FrontendAPI: host}).accountsURL(); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

func TestNewNamesTheSettingAtFault(t *testing.T) {
	v, err := verifier.New(verifier.Options{Keys: new(keyRing)})
	if err != nil {
		t.Fatal(err)
	}
	good := Options{PublishableKey: liveKey, Verifier: v}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		want   string
		change func(*Options)
	}{
		"no key":                  {"publishable_key", func(o *Options) { o.PublishableKey = "" }},
		"no verifier":             {"verifier", func(o *Options) { o.Verifier = nil }},
		"proxy on another origin": {"proxy_url", func(o *Options) { o.ProxyURL = "//evil.example" }},
		"proxy with a backslash":  {"proxy_url", func(o *Options) { o.ProxyURL = `/\evil.example` }},
		"proxy without a scheme":  {"proxy_url", func(o *Options) { o.ProxyURL = "app.example.com/__clerk" }},
		"script for a page":       {"sign_in_url", func(o *Options) { o.SignInURL = "javascript:alert(1)" }},
		"page with a password":    {"sign_in_url", func(o *Options) { o.SignInURL = "https://a:b@example.com/" }},
		"page with a user":        {"sign_up_url", func(o *Options) { o.SignUpURL = "https://a@example.com/" }},
		"relative page":           {"sign_up_url", func(o *Options) { o.SignUpURL = "sign-up" }},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			test.change(&o)
			if _, err := New(o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one about %s", err, test.want)
			}
		})
	}
}
