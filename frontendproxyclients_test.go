// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// said is all that a request tells the Frontend API of who asks, its trailers
// included.
func said(r *http.Request) string {
	_, _ = io.Copy(io.Discard, r.Body)
	var text strings.Builder
	for _, fields := range []http.Header{r.Header, r.Trailer} {
		for name, values := range fields {
			fmt.Fprintf(&text, "%s: %q\n", name, values)
		}
	}
	return text.String()
}

// TestNoSpellingSpeaksForTheEdge has what a client could say in the edge's place,
// in all the ways in which HTTP/1 can say it. The server lets headers with
// underscores and dots through, as it can be told to.
func TestNoSpellingSpeaksForTheEdge(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, said(r)) })
	s := proxied(t, api, `servers {
		expected_underscore_headers Clerk_Secret_Key Clerk_Proxy_Url X_Forwarded_For X_Real_Ip
		expected_dot_headers Clerk.Secret.Key X.Forwarded.For
	}`, "")
	host := "Host: " + strings.TrimPrefix(s.url, "http://") + "\r\nConnection: close\r\n"
	chunked := "Transfer-Encoding: chunked\r\n"
	body := "\r\n1\r\nx\r\n0\r\nClerk-Secret-Key: forged\r\nX-Forwarded-For: forged\r\nClerk-Proxy-Url: forged\r\nForwarded: for=forged\r\n\r\n"
	for name, rest := range map[string]string{
		"underscores":              "Clerk_Secret_Key: forged\r\nClerk_Proxy_Url: forged\r\nX_Forwarded_For: forged\r\nX_Real_Ip: forged\r\n\r\n",
		"dots":                     "Clerk.Secret.Key: forged\r\nX.Forwarded.For: forged\r\n\r\n",
		"another case":             "cLERK-sECRET-kEY: forged\r\nCLERK-PROXY-URL: forged\r\nx-forwarded-for: forged\r\n\r\n",
		"lines that go on":         "Clerk-Secret-Key: \r\n forged\r\nX-Forwarded-For:\r\n\tforged\r\n\r\n",
		"trailers":                 chunked + body,
		"trailers that are wanted": chunked + "TE: trailers\r\nTrailer: Clerk-Secret-Key, X-Forwarded-For, Clerk-Proxy-Url, Forwarded\r\n" + body,
		"addresses of other edges": "X-Forwarded: forged\r\nForwarded-For: forged\r\nClient-Ip: forged\r\nX-Original-Forwarded-For: forged\r\nCf-Connecting-Ipv6: forged\r\n" +
			"Cf-Pseudo-Ipv4: forged\r\nX-Vercel-Forwarded-For: forged\r\nX-Envoy-External-Address: forged\r\nFly-Client-Ip: forged\r\nX-Azure-Clientip: forged\r\n\r\n",
		"other things forwarded": "X-Forwarded-Port: forged\r\nX-Forwarded-Prefix: forged\r\nX-Forwarded-Server: forged\r\nX-Original-Url: /forged\r\nX-Rewrite-Url: /forged\r\nX-Original-Host: forged\r\n\r\n",
	} {
		a := s.raw("POST /__clerk/v1/client HTTP/1.1\r\n" + host + rest)
		if a.StatusCode != http.StatusOK || strings.Contains(a.body, "forged") {
			t.Errorf("%s: expected nothing of it to arrive, got %d\n%s", name, a.StatusCode, a.body)
		}
		for _, want := range []string{`Clerk-Secret-Key: ["` + proxySecret + `"]`, `X-Forwarded-For: ["127.0.0.1"]`, `Clerk-Proxy-Url: ["` + s.url + `/__clerk"]`} {
			if strings.Count(a.body, want) != 1 {
				t.Errorf("%s: expected %s, got\n%s", name, want, a.body)
			}
		}
	}
}

// TestMalformedRequestsDoNotReachTheFrontendAPI has requests that programs read
// differently.
func TestMalformedRequestsDoNotReachTheFrontendAPI(t *testing.T) {
	api := startFrontendAPI(t, nil)
	s := proxied(t, api, "", "")
	host := "Host: " + strings.TrimPrefix(s.url, "http://") + "\r\nConnection: close\r\n"
	for name, request := range map[string]string{
		"two hosts":                 "GET /__clerk/v1 HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n",
		"no host":                   "GET /__clerk/v1 HTTP/1.1\r\nConnection: close\r\n\r\n",
		"a host with a path":        "GET /__clerk/v1 HTTP/1.1\r\nHost: localhost/evil\r\nConnection: close\r\n\r\n",
		"a space before the colon":  "GET /__clerk/v1 HTTP/1.1\r\n" + host + "Clerk-Secret-Key : forged\r\n\r\n",
		"a header without a colon":  "GET /__clerk/v1 HTTP/1.1\r\n" + host + "Clerk-Secret-Key\r\n\r\n",
		"two lengths":               "POST /__clerk/v1 HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"a length that is none":     "POST /__clerk/v1 HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na",
		"an unknown coding":         "POST /__clerk/v1 HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"all of the server":         "OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
		"a tunnel":                  "CONNECT localhost:80 HTTP/1.1\r\n" + host + "\r\n",
		"a line break in the path":  "GET /__clerk/v1\nX: a HTTP/1.1\r\n" + host + "\r\n",
		"another version":           "GET /__clerk/v1 HTTP/3.0\r\n" + host + "\r\n",
		"headers that are too long": "GET /__clerk/v1 HTTP/1.1\r\n" + host + "X-Long: " + strings.Repeat("a", 2<<20) + "\r\n\r\n",
	} {
		a := s.raw(request)
		if len(api.seen) > 0 {
			r := api.last(t)
			t.Errorf("%s: expected it to be refused, got %d, and %s %s reached the Frontend API", name, a.StatusCode, r.Method, r.RequestURI)
		}
	}
}

// TestOldClientsAreServed has HTTP/1.0, which knows no chunks.
func TestOldClientsAreServed(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "b")
	})
	s := proxied(t, api, "", "")
	a := s.raw("GET /__clerk/v1/client HTTP/1.0\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\n\r\n")
	if a.StatusCode != http.StatusOK || a.body != "ab" || len(a.TransferEncoding) != 0 {
		t.Errorf("got %d %q %v", a.StatusCode, a.body, a.TransferEncoding)
	}
	if got := api.last(t).Header.Get("Clerk-Proxy-Url"); got != s.url+"/__clerk" {
		t.Errorf("got %s", got)
	}
}

// TestHTTP2SaysNoMoreThanHTTP1 sends headers and trailers as frames, to a target
// and a host that are odd.
func TestHTTP2SaysNoMoreThanHTTP1(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, said(r)) })
	s := proxied(t, api, "servers {\n protocols h1 h2c\n}", "")
	client := &http.Transport{Protocols: new(http.Protocols)}
	client.Protocols.SetUnencryptedHTTP2(true)
	defer client.CloseIdleConnections()
	for target, status := range map[string]int{
		"/__clerk/v1/client": http.StatusOK, "/__clerk/../v1": http.StatusBadRequest, "/__clerk//evil.example": http.StatusBadRequest,
		"/__clerk/v1%2f..": http.StatusBadRequest, "/__clerk/v1#a": http.StatusBadRequest, "*": http.StatusUnauthorized,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque, req.ContentLength = target, -1
		req.Header = http.Header{"Clerk-Secret-Key": {"forged"}, "X-Forwarded-For": {"forged"}, "Te": {"trailers"}}
		req.Trailer = http.Header{"Clerk-Secret-Key": {"forged"}, "X-Forwarded-For": {"forged"}}
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.ProtoMajor != 2 || resp.StatusCode != status || strings.Contains(string(body), "forged") {
			t.Errorf("%s: expected status %d, and nothing forged, got %s %d\n%s", target, status, resp.Proto, resp.StatusCode, body)
		}
	}
	if r := api.last(t); r.RequestURI != "/v1/client" || len(api.seen) > 0 {
		t.Errorf("expected one of them to arrive, got %s and %d more", r.RequestURI, len(api.seen))
	}
}

// TestTheClientIsOneAddress has what trusted proxies say of it.
func TestTheClientIsOneAddress(t *testing.T) {
	api := startFrontendAPI(t, nil)
	s := proxied(t, api, "servers {\n trusted_proxies static 127.0.0.1/32 2001:db8::/32 10.0.0.0/8\n trusted_proxies_strict\n}", "")
	for forwarded, want := range map[string]string{
		"":                                     "127.0.0.1",
		"2001:db9::1":                          "2001:db9::1",
		"6.6.6.6, 2001:db9::1":                 "2001:db9::1",
		"6.6.6.6, 2001:db9::1, 2001:db8::5":    "2001:db9::1",
		"6.6.6.6, 203.0.113.7, 10.1.1.1":       "203.0.113.7",
		"::ffff:203.0.113.7":                   "203.0.113.7",
		"fe80::1%eth0":                         "fe80::1",
		"203.0.113.7, nonsense":                "203.0.113.7",
		"nonsense":                             "127.0.0.1",
		"203.0.113.7:4711":                     "203.0.113.7",
		"[2001:db9::1]:4711":                   "2001:db9::1",
		`203.0.113.7, "6.6.6.6"`:               "203.0.113.7",
		strings.Repeat("6.6.6.6, ", 500) + "x": "6.6.6.6",
	} {
		s.get("/__clerk/v1", "X-Forwarded-For", forwarded)
		if got := api.last(t).Header["X-Forwarded-For"]; len(got) != 1 || got[0] != want {
			t.Errorf("%.60q: expected %s, got %q", forwarded, want, got)
		}
	}
}
