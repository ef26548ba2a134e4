// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

func TestRequestsCarryWhatClerkExpects(t *testing.T) {
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			var got http.Header
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.Header.Clone()
				_, _ = w.Write([]byte(welcome))
			})
			if err := call(t.Context(), client(t, server.URL)); err != nil {
				t.Fatal(err)
			}
			for header, want := range map[string]string{
				"Authorization":     "Bearer " + secret,
				"Clerk-Api-Version": "2026-05-12",
				"Content-Type":      "application/json",
				"User-Agent":        "caddy-clerk",
			} {
				if got[header] == nil || len(got[header]) != 1 || got.Get(header) != want {
					t.Errorf("expected %s: %s, got %q", header, want, got[header])
				}
			}
		})
	}
}

func TestEachCallIsARequestOfItsOwn(t *testing.T) {
	for name, want := range map[string]string{
		"jwks":              "GET /v1/jwks ",
		"handshake payload": "GET /v1/clients/handshake_payload?nonce=" + url.QueryEscape(nonce) + " ",
		"interstitial":      "GET /v1/public/interstitial?proxy_url=https%3A%2F%2Fapp.example.com%2F__clerk&publishable_key=pk_test_a ",
		"refresh": `POST /v1/sessions/sess_1/refresh {"format":"cookie","expired_token":"expired_do_not_print_me",` +
			`"refresh_token":"refresh_do_not_print_me","request_origin":"https://app.example.com",` +
			`"request_headers":{"cookie":["a=1; __client=client_do_not_print_me; b","c=\" other_do_not_print_me \""],` +
			`"x-api-key":["\u003capp\u003e_do_not_print_me"]}}`,
		"api key":            `POST /api_keys/verify {"secret":"mt_\u003c\"\\\u003e_do_not_print_me"}`,
		"m2m token":          `POST /m2m_tokens/verify {"token":"mt_\u003c\"\\\u003e_do_not_print_me"}`,
		"oauth access token": `POST /oauth_applications/access_tokens/verify {"access_token":"mt_\u003c\"\\\u003e_do_not_print_me"}`,
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if got := r.Method + " " + r.RequestURI + " " + string(body); err != nil || got != want || r.ContentLength != int64(len(body)) {
					t.Errorf("expected\n%s\ngot %d bytes\n%s\n%v", want, r.ContentLength, got, err)
				}
				_, _ = w.Write([]byte(welcome))
			})
			if err := calls[name](t.Context(), client(t, server.URL)); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a machine alone may do needs no secret key, and is done with its own
// key even where there is one.
func TestTheMachineSecretKeyIsForM2MTokensAlone(t *testing.T) {
	for name, call := range calls {
		for _, test := range []struct {
			options     backendapi.Options
			forM2M, any string // the key that is sent
		}{
			{backendapi.Options{SecretKey: secret}, secret, secret},
			{backendapi.Options{MachineSecretKey: machineSecret}, machineSecret, ""},
			{backendapi.Options{SecretKey: secret, MachineSecretKey: machineSecret}, machineSecret, secret},
		} {
			want := test.any
			if name == "m2m token" {
				want = test.forM2M
			}
			got := ""
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
				_, _ = w.Write([]byte(welcome))
			})
			test.options.APIURL = server.URL
			c, err := backendapi.New(test.options)
			if err != nil {
				t.Fatal(err)
			}
			err = call(t.Context(), c)
			if got != want {
				t.Errorf("%s: expected the key %q, got %q", name, want, got)
			}
			if want != "" {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			checkText(t, err)
			if !strings.Contains(err.Error(), "SecretKey") || backendapi.Unavailable(err) {
				t.Errorf("%s: expected the missing option to be named, got %v", name, err)
			}
		}
	}
}

func TestPathsThatVerifyTokensHaveNoVersion(t *testing.T) {
	for base, want := range map[string]string{"": "/api_keys/verify", "/": "/api_keys/verify", "/a/b%2Fc/": "/a/b%2Fc/api_keys/verify"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.RequestURI != want {
				t.Errorf("expected %s, got %s", want, r.RequestURI)
			}
			_, _ = w.Write([]byte(welcome))
		})
		c, err := backendapi.New(backendapi.Options{SecretKey: secret, APIURL: server.URL + base, APIVersion: "v2"})
		if err == nil {
			_, err = c.APIKeys.Verify(t.Context(), token)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func TestPathsBeginWithTheBaseAndTheVersion(t *testing.T) {
	for name, test := range map[string]struct{ base, version, want string }{
		"no base":                  {"", "", "/v1/jwks"},
		"a slash":                  {"/", "", "/v1/jwks"},
		"a base":                   {"/clerk", "", "/clerk/v1/jwks"},
		"a base and a slash":       {"/clerk/", "", "/clerk/v1/jwks"},
		"a deep base":              {"/a/b%2Fc", "", "/a/b%2Fc/v1/jwks"},
		"another version":          {"", "v2", "/v2/jwks"},
		"a version of two parts":   {"/clerk", "internal/v2", "/clerk/internal/v2/jwks"},
		"a version with odd signs": {"", "v1?x#y", "/v1%3Fx%23y/jwks"},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.RequestURI != test.want {
					t.Errorf("expected %s, got %s", test.want, r.RequestURI)
				}
				_, _ = w.Write([]byte("{}"))
			})
			c, err := backendapi.New(backendapi.Options{SecretKey: secret, APIURL: server.URL + test.base, APIVersion: test.version})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.JWKS.Get(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestTheKeySetIsGivenAsItCame(t *testing.T) {
	const body = ` {"keys":[]} ` + "\n"
	server := serve(t, answer(200, body, "Date", "Sun, 01 Mar 2026 12:00:00 GMT"))
	set, err := client(t, server.URL).JWKS.Get(t.Context())
	if err != nil || string(set.Body) != body || !set.Date.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("expected the body and the date, got %+v, %v", set, err)
	}
}

func TestADateThatCannotBeReadIsNone(t *testing.T) {
	server := serve(t, answer(200, "{}", "Date", "yesterday"))
	set, err := client(t, server.URL).JWKS.Get(t.Context())
	if err != nil || !set.Date.IsZero() {
		t.Errorf("expected no date, got %v, %v", set, err)
	}
}

// A nonce comes from a request's query or cookie, and so from anybody: it
// must stay one value of one parameter.
func TestTheNonceIsOneEncodedParameter(t *testing.T) {
	for _, value := range []string{nonce, "", "&nonce=2", "../../users", "#", "ü", "\x00", "%26"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.EscapedPath() != "/v1/clients/handshake_payload" {
				t.Errorf("%q: got the path %s", value, r.URL.EscapedPath())
			}
			if got := r.URL.Query(); !reflect.DeepEqual(got, url.Values{"nonce": {value}}) {
				t.Errorf("%q: got the query %q", value, r.URL.RawQuery)
			}
			_, _ = w.Write([]byte(`{"directives":["__session=a; Path=/","b=c"]}`))
		})
		got, err := client(t, server.URL).Clients.HandshakePayload(t.Context(), value)
		if want := []string{"__session=a; Path=/", "b=c"}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: expected %q, got %q, %v", value, want, got, err)
		}
	}
}

func TestAHandshakePayloadOfAnotherFormIsRefused(t *testing.T) {
	for _, body := range []string{
		"", "<html>", "[]", `"x"`, "5", `{"directives":"__session=a"}`, `{"directives":[1]}`, `{"directives":{}}`,
		`{"directives":["do_not_print_me` + strings.Repeat("x", 5000), `{"directives":[null]}`,
	} {
		server := serve(t, answer(200, body))
		got, err := client(t, server.URL).Clients.HandshakePayload(t.Context(), nonce)
		if got != nil {
			t.Errorf("%.40q: expected no cookies, got %q", body, got)
		}
		checkText(t, err)
	}
}

func TestAHandshakePayloadMayBeEmpty(t *testing.T) {
	for _, body := range []string{"{}", `{"directives":[]}`, `{"directives":null}`} {
		server := serve(t, answer(200, body))
		got, err := client(t, server.URL).Clients.HandshakePayload(t.Context(), nonce)
		if err != nil || len(got) != 0 {
			t.Errorf("%s: expected nothing, got %q, %v", body, got, err)
		}
	}
}

// doerFunc is a Doer that is a function.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheDoerCanBeReplaced(t *testing.T) {
	asked := ""
	c, err := backendapi.New(backendapi.Options{SecretKey: secret, Doer: doerFunc(func(r *http.Request) (*http.Response, error) {
		asked = r.URL.String()
		return nil, context.DeadlineExceeded
	})})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.JWKS.Get(t.Context())
	checkText(t, err)
	if asked != "https://api.clerk.com/v1/jwks" {
		t.Errorf("expected Clerk's own API by default, got %s", asked)
	}
}
