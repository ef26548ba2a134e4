// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
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
