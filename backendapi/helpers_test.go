// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// What must never be seen anywhere but where it belongs. The nonce holds what
// a query must encode.
const (
	secret = "sk_test_do_not_print_me"
	nonce  = "n&o=n+c e/?#%\r\ndo_not_print_me"

	machineSecret = "ak_machine_do_not_print_me"
	// token is the token of every kind, and holds what JSON must encode.
	token = `mt_<"\>_do_not_print_me`
)

// welcome is an answer that every call understands.
const welcome = `{"directives":[],"cookies":[],"id":"id_1","subject":"sub_1","revoked":false,"expired":false}`

// serve starts an API that answers every request with handler.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// answer is a handler that always says the same.
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func client(t *testing.T, apiURL string) *backendapi.Client {
	t.Helper()
	c, err := backendapi.New(backendapi.Options{SecretKey: secret, APIURL: apiURL, Retry: new(backendapi.RetryPolicy)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// calls are all that a Client can be asked.
var calls = map[string]func(context.Context, *backendapi.Client) error{
	"jwks": func(ctx context.Context, c *backendapi.Client) error {
		_, err := c.JWKS.Get(ctx)
		return err
	},
	"interstitial": func(ctx context.Context, c *backendapi.Client) error {
		_, err := c.Interstitial.Get(ctx, backendapi.InterstitialParams{PublishableKey: "pk_test_a", ProxyURL: "https://app.example.com/__clerk"})
		return err
	},
	"handshake payload": func(ctx context.Context, c *backendapi.Client) error {
		_, err := c.Clients.HandshakePayload(ctx, nonce)
		return err
	},
	"refresh": func(ctx context.Context, c *backendapi.Client) error {
		_, err := c.Sessions.Refresh(ctx, "sess_1", refresh)
		return err
	},
	"revoke": func(ctx context.Context, c *backendapi.Client) error {
		return c.Sessions.End(ctx, "sess_1")
	},
	"api key": func(ctx context.Context, c *backendapi.Client) error {
		_, err := c.APIKeys.Verify(ctx, token)
		return err
	},
	"m2m token": func(ctx context.Context, c *backendapi.Client) error {
		_, err := c.M2MTokens.Verify(ctx, token)
		return err
	},
	"oauth access token": func(ctx context.Context, c *backendapi.Client) error {
		_, err := c.OAuthAccessTokens.Verify(ctx, token)
		return err
	},
}

// refresh holds a secret in everything that can hold one.
var refresh = backendapi.RefreshSessionParams{
	ExpiredToken:  "expired_do_not_print_me",
	RefreshToken:  "refresh_do_not_print_me",
	RequestOrigin: "https://app.example.com",
	RequestHeaders: map[string][]string{
		"cookie":    {"a=1; __client=client_do_not_print_me; b", `c=" other_do_not_print_me "`},
		"x-api-key": {"<app>_do_not_print_me"},
	},
}

// eachCallFails expects every call to that API to end with an error that says
// nothing it must not, and hands it on.
func eachCallFails(t *testing.T, apiURL string, check func(t *testing.T, err error)) {
	t.Helper()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			err := call(t.Context(), client(t, apiURL))
			checkText(t, err)
			if check != nil {
				check(t, err)
			}
		})
	}
}

// checkText expects an error that keeps what is secret.
func checkText(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("expected an error")
	}
	for _, e := range tree(err) {
		for _, hidden := range []string{"do_not_print_me", "n%26o", "\r", "\n"} {
			if strings.Contains(e.Error(), hidden) {
				t.Errorf("the error contains %q: %v", hidden, e)
			}
		}
	}
	if len(err.Error()) > 1024 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

// tree gives an error and all that it wraps.
func tree(err error) []error {
	all := []error{err}
	for i := 0; i < len(all); i++ {
		switch e := all[i].(type) {
		case interface{ Unwrap() error }:
			if inner := e.Unwrap(); inner != nil {
				all = append(all, inner)
			}
		case interface{ Unwrap() []error }:
			all = append(all, e.Unwrap()...)
		}
	}
	return all
}

// wantError expects an answer that was no success.
func wantError(t *testing.T, err error, status int) *backendapi.Error {
	t.Helper()
	var refusal *backendapi.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("expected an *Error, got %T: %v", err, err)
	}
	if refusal.StatusCode != status {
		t.Errorf("expected the status %d, got %d", status, refusal.StatusCode)
	}
	return refusal
}
