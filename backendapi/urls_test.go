// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// The secret key is sent to this address with every request: it must be
// encrypted on the way and go where the text plainly says.
func TestAddressesThatCouldLeakTheSecretAreRefused(t *testing.T) {
	for name, address := range map[string]string{
		"http":                         "http://api.clerk.com",
		"http, a private address":      "http://10.0.0.1",
		"http, any address":            "http://0.0.0.0",
		"http, a loopback's lookalike": "http://127.0.0.1.evil.example",
		"http, localhost's lookalike":  "http://localhost.evil.example",
		"http, no host":                "http://:80",
		"https, no host":               "https://:443",
		"http in capitals":             "HTTP://api.clerk.com",
		"ftp":                          "ftp://api.clerk.com",
		"a file":                       "file:///etc/passwd",
		"javascript":                   "javascript://api.clerk.com/%0aalert(1)",
		"no scheme":                    "api.clerk.com",
		"no scheme, a port":            "api.clerk.com:443",
		"no scheme, slashes":           "//api.clerk.com",
		"a path":                       "/v1",
		"opaque":                       "https:api.clerk.com",
		"user information":             "https://user:do_not_print_me@api.clerk.com",
		"an empty user":                "https://@api.clerk.com",
		"a misleading user":            "https://api.clerk.com:443@evil.example",
		"user, unreadable":             "https://user:do_not print_me do_not_print_me@api.clerk.com",
		"a query":                      "https://api.clerk.com?key=do_not_print_me",
		"an empty query":               "https://api.clerk.com?",
		"a fragment":                   "https://api.clerk.com#do_not_print_me",
		"a blank in the host":          "https://api clerk.com",
		"a line break":                 "https://api.clerk.com\r\nX: do_not_print_me",
		"a bad escape":                 "https://api.clerk.com/%zz",
		"a bad port":                   "https://api.clerk.com:port",
		"the secret key by mistake":    secret,
	} {
		t.Run(name, func(t *testing.T) {
			u, err := backendapi.ParseURL(address)
			if err == nil {
				t.Fatalf("expected an error, got %s", u)
			}
			checkText(t, err)
			_, err = backendapi.New(backendapi.Options{SecretKey: secret, APIURL: address})
			checkText(t, err)
			if !strings.Contains(err.Error(), "api_url") {
				t.Errorf("expected the error to name the setting, got %v", err)
			}
		})
	}
}

func TestAddressesThatAreSafeAreAccepted(t *testing.T) {
	for _, address := range []string{
		"https://api.clerk.com", "https://api.clerk.com/", "https://api.clerk.com:8443/base/", "HTTPS://API.CLERK.COM",
		"http://localhost:8080", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:8080", "http://[::ffff:127.0.0.1]",
		"https://10.0.0.1", "https://[2001:db8::1]",
	} {
		if _, err := backendapi.ParseURL(address); err != nil {
			t.Errorf("expected %s to be accepted, got %v", address, err)
		}
	}
}

func TestAClientNeedsASecretKey(t *testing.T) {
	if _, err := backendapi.New(backendapi.Options{}); err == nil {
		t.Error("expected an error")
	}
}

func TestVersionsThatLeaveTheBaseAreRefused(t *testing.T) {
	for _, version := range []string{"/v1", "v1/", "..", "../v1", "v1/../..", "/"} {
		if _, err := backendapi.New(backendapi.Options{SecretKey: secret, APIVersion: version}); err == nil {
			t.Errorf("expected %q to be refused", version)
		} else {
			checkText(t, err)
		}
	}
}

// Whatever an ID is, it is refused, or one element of the path and the same ID to
// whoever reads it.
func FuzzPathParameter(f *testing.F) {
	for _, id := range []string{
		"user_1", "", ".", "..", "...", "a/b", "%2e%2e", "..;", "a b", "a?b", "a#b", "ü", "\xff", "a\r\nb", "\u2215", "\uff0e\uff0e", ":", "@", "//", "role:x",
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		var asked *url.URL
		c, err := backendapi.New(backendapi.Options{
			SecretKey: secret, APIURL: "http://localhost", Retry: new(backendapi.RetryPolicy),
			Doer: doerFunc(func(r *http.Request) (*http.Response, error) {
				asked = r.URL
				return nil, context.DeadlineExceeded
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Users.ListOAuthAccessTokens(t.Context(), id, "oauth_google", backendapi.ListUserOAuthAccessTokensParams{})
		if err == nil {
			t.Fatal("expected an error")
		}
		if asked == nil {
			if errors.Is(err, backendapi.ErrUnreachable) {
				t.Fatalf("expected it to be refused here, got %v", err)
			}
			return
		}
		elements := strings.Split(asked.EscapedPath(), "/")
		if len(elements) != 6 || elements[1] != "v1" || elements[2] != "users" || elements[4] != "oauth_access_tokens" || elements[5] != "oauth_google" {
			t.Fatalf("%q leads to %s", id, asked)
		}
		if got, err := url.PathUnescape(elements[3]); err != nil || got != id || got == "." || got == ".." {
			t.Fatalf("%q became %q in %s", id, got, asked)
		}
		if asked.RawQuery != "paginated=true" || asked.Fragment != "" {
			t.Fatalf("%q leads to %s", id, asked)
		}
	})
}
