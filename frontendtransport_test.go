// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// provisionedProxy is a proxy whose requests end in a function in the place of a
// network.
func provisionedProxy(t *testing.T, network roundTripper) *FrontendProxy {
	t.Helper()
	t.Setenv("CLERK_PUBLISHABLE_KEY", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
	t.Setenv("CLERK_SECRET_KEY", "sk_live_abc")
	loaded, err := caddy.ProvisionContext(&caddy.Config{Logging: &caddy.Logging{Logs: map[string]*caddy.CustomLog{
		"default": {BaseLog: caddy.BaseLog{WriterRaw: []byte(`{"output": "discard"}`)}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(loaded)
	t.Cleanup(cancel)
	p := new(FrontendProxy)
	if err := p.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	p.proxy.Transport.(*frontendTransport).next = network
	return p
}

// ask sends a request from a client's address.
func (p *FrontendProxy) ask(t *testing.T, method, body, address string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/__clerk/v1/client", strings.NewReader(body))
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, new(caddyhttp.Server))
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, address)
	caddyhttp.SetVar(r.Context(), caddyhttp.TrustedProxyVarKey, false)
	if err := p.ServeHTTP(w, r, emptyHandler); err != nil {
		t.Errorf("%s: %v", method, err)
	}
	return w
}

// TestOnlyARequestThatFoundNoConnectionIsSentAgain holds that, and that the second
// is the first, its body included.
func TestOnlyARequestThatFoundNoConnectionIsSentAgain(t *testing.T) {
	lost := errors.New("the connection was lost")
	for _, test := range []struct {
		failures []error
		tries    int
		status   int
	}{
		{nil, 1, http.StatusOK},
		{[]error{reverseproxy.NewDialError(lost)}, 2, http.StatusOK},
		{[]error{reverseproxy.NewDialError(lost), reverseproxy.NewDialError(lost)}, 2, http.StatusBadGateway},
		{[]error{lost}, 1, http.StatusBadGateway},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			var sent []string
			p := provisionedProxy(t, func(r *http.Request) (*http.Response, error) {
				sent = append(sent, fmt.Sprint(r.Method, r.URL.Path, r.Host, r.Header))
				if len(sent) <= len(test.failures) {
					_ = r.Body.Close()
					return nil, test.failures[len(sent)-1]
				}
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != "body" {
					t.Errorf("expected the body whole, got %q (%v)", body, err)
				}
				return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", Header: http.Header{}, Body: http.NoBody}, nil
			})
			w := p.ask(t, method, "body", "203.0.113.7")
			if w.Code != test.status || len(sent) != test.tries || len(slices.Compact(sent)) != 1 {
				t.Errorf("%s, %v: expected %d tries of the same and status %d, got %d %q", method, test.failures, test.tries, test.status, w.Code, sent)
			}
		}
	}
}

// TestRequestsDoNotMix has many at once, each from another client.
func TestRequestsDoNotMix(t *testing.T) {
	p := provisionedProxy(t, func(r *http.Request) (*http.Response, error) {
		h := http.Header{"X-Who": r.Header["X-Forwarded-For"], "Location": {"/v1/next"}, "X-Echo": r.Header[headerSecretKey]}
		return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", Header: h, Body: http.NoBody}, nil
	})
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			address := fmt.Sprintf("203.0.113.%d", i)
			h := p.ask(t, http.MethodPost, "body", address).Header()
			if h.Get("X-Who") != address || h.Get("Location") != "http://example.com/__clerk/v1/next" || h.Get("X-Echo") != "" {
				t.Errorf("%s: got %v", address, h)
			}
		})
	}
	all.Wait()
}

func TestTheAddressOfAClientIsPlain(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "2001:DB8::7": "2001:db8::7", "fe80::1%eth0": "fe80::1", "::ffff:203.0.113.7": "203.0.113.7",
		"": "", "@": "", "localhost": "", "203.0.113.7:80": "", "203.0.113.7, 6.6.6.6": "", "203.0.113.7\r\nX: a": "",
	} {
		got := "never sent"
		p := provisionedProxy(t, func(r *http.Request) (*http.Response, error) {
			got = strings.Join(r.Header["X-Forwarded-For"], " and ")
			return nil, errors.New("no network")
		})
		p.ask(t, http.MethodGet, "", text)
		if got != want {
			t.Errorf("%q: expected %q, got %q", text, want, got)
		}
	}
}
