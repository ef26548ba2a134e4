// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// wireAPI stands in for a Frontend API that answers with these bytes, whatever it
// is asked, and closes.
type wireAPI struct {
	address string
	// asked counts the requests that came in whole.
	asked atomic.Int32
}

func startWireAPI(t *testing.T, answer func(r *http.Request) string) *wireAPI {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	api := &wireAPI{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go api.serve(conn, answer)
		}
	}()
	return api
}

func (api *wireAPI) serve(conn net.Conn, answer func(r *http.Request) string) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	api.asked.Add(1)
	_, _ = io.WriteString(conn, answer(r))
}

// proxiedWire is a site with a proxy of it, and all that Caddy can log.
func proxiedWire(t *testing.T, api *wireAPI) *site {
	t.Helper()
	return serve(t, proxyGlobal+"\nservers {\n log_credentials\n trace\n}", "log\nheader >X-Status \"{http.reverse_proxy.status_text}\"\nclerk_proxy {\n upstream http://"+api.address+"\n}")
}

// TestAnswersThatAreNoneAreErrors has what comes back that is no answer, some of
// it with the secret key that was sent. None of them is asked for again: the
// request did arrive.
func TestAnswersThatAreNoneAreErrors(t *testing.T) {
	answers := map[string]func(key string) string{
		"nothing":                   func(string) string { return "" },
		"another protocol":          func(string) string { return "220 mail.example ESMTP\r\n" },
		"the request itself":        func(key string) string { return "GET /v1 HTTP/1.1\r\nClerk-Secret-Key: " + key + "\r\n\r\n" },
		"the key":                   func(key string) string { return key + "\r\n" },
		"the key for a status":      func(key string) string { return "HTTP/1.1 " + key + " OK\r\n\r\n" },
		"the key for a length":      func(key string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + key + "\r\n\r\n" },
		"the key for a coding":      func(key string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + key + "\r\n\r\n" },
		"the key for a header":      func(key string) string { return "HTTP/1.1 200 OK\r\n" + key + "\r\n\r\n" },
		"two lengths":               func(key string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
		"headers without an end":    func(string) string { return "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" },
		"headers that are too long": func(string) string { return "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("a", 11<<20) + "\r\n\r\n" },
		"a change of protocols": func(string) string {
			return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
		},
		"a change without a protocol": func(string) string { return "HTTP/1.1 101 Switching Protocols\r\n\r\n" },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			api := startWireAPI(t, func(r *http.Request) string { return answer(r.Header.Get("Clerk-Secret-Key")) })
			s := proxiedWire(t, api)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				api.asked.Store(0)
				a := s.send(method, "/__clerk/v1/client")
				a.expect(t, http.StatusBadGateway)
				expectProxyError(t, a, "proxy_request_failed")
				if asked := api.asked.Load(); asked != 1 {
					t.Errorf("%s: expected one request, got %d", method, asked)
				}
				if strings.Contains(a.body, proxySecret) {
					t.Errorf("%s: expected no secret key, got %s", method, a.body)
				}
			}
			if log := s.log(); strings.Contains(log, proxySecret) || strings.Contains(log, "panic") {
				t.Errorf("expected no secret key and no panic in the log, got\n%s", log)
			}
		})
	}
}

// TestASecretKeyThatComesBackGoesNoFurther has an upstream say everywhere in an
// answer's header what it was sent.
func TestASecretKeyThatComesBackGoesNoFurther(t *testing.T) {
	api := startWireAPI(t, func(r *http.Request) string {
		key := r.Header.Get("Clerk-Secret-Key")
		fields := "Clerk-Secret-Key: " + key + "\r\nX-Echo: a, " + key + "!\r\nLocation: /v1?key=" + key + "\r\n"
		return "HTTP/1.1 103 Early Hints\r\n" + fields + "Link: </a.js>; rel=preload\r\n\r\n" +
			"HTTP/1.1 302 " + key + "\r\n" + fields + "X-Kept: yes\r\nTransfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n0\r\nX-Trailer: " + key + "\r\n\r\n"
	})
	s := proxiedWire(t, api)
	hints := http.Header{}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, header textproto.MIMEHeader) error {
			hints = http.Header(header).Clone()
			return nil
		},
	}), http.MethodGet, s.url+"/__clerk/v1/client", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if hints.Get("Link") == "" || resp.StatusCode != http.StatusFound || resp.Header.Get("X-Kept") != "yes" {
		t.Errorf("expected the rest to arrive, got %v, %d %v", hints, resp.StatusCode, resp.Header)
	}
	if text := fmt.Sprint(hints, resp.Status, resp.Header, resp.Trailer); strings.Contains(text, proxySecret) || strings.Contains(text, "X-Trailer") {
		t.Errorf("expected no secret key, got %s", text)
	}
	if log := s.log(); !strings.Contains(log, "upstream roundtrip") || strings.Contains(log, proxySecret) {
		t.Errorf("expected no secret key in the log, got\n%s", log)
	}
}

// TestOddLocationsLeadNowhereElse has what is in an answer besides one plain
// address.
func TestOddLocationsLeadNowhereElse(t *testing.T) {
	fields, status := "", 0
	api := startWireAPI(t, func(*http.Request) string {
		return fmt.Sprintf("HTTP/1.1 %d Whatever\r\n%s\r\nContent-Length: 0\r\n\r\n", status, fields)
	})
	s := proxiedWire(t, api)
	proxy := s.url + "/__clerk"
	for _, test := range []struct {
		status int
		fields string
		want   []string
	}{
		{201, "Location: http://" + api.address + "/v1/a", []string{proxy + "/v1/a"}},
		{200, "Location: /v1/a", []string{proxy + "/v1/a"}},
		{302, "X-None: a", nil},
		{302, "Location:", []string{""}},
		{302, "Location: http://" + strings.Replace(api.address, "127.0.0.1", "127.0.0.2", 1) + "/v1", []string{"http://" + strings.Replace(api.address, "127.0.0.1", "127.0.0.2", 1) + "/v1"}},
		{302, "Location: /v1/a\r\nLocation: http://" + api.address + "/v1/b", []string{proxy + "/v1/a", proxy + "/v1/b"}},
		{302, "Location: /v1/a\r\n /b", []string{proxy + "/v1/a%20/b"}},
		{302, "Location: /v1/a%0d%0aSet-Cookie:%20a=b", []string{proxy + "/v1/a%0d%0aSet-Cookie:%20a=b"}},
		{302, "Location: /\\evil.example", []string{proxy + "/%5Cevil.example"}},
		{308, "Location: https:evil.example", []string{"https:evil.example"}},
	} {
		status, fields = test.status, test.fields
		a := s.get("/__clerk/v1/client")
		if got := a.Header["Location"]; a.StatusCode != test.status || !slices.Equal(got, test.want) {
			t.Errorf("%q: expected %d %q, got %d %q", test.fields, test.status, test.want, a.StatusCode, got)
		}
	}
	for _, c := range []string{"\x00", "\x01", "\x7f", "\r"} {
		fields = "Location: /v1/a" + c + "b"
		if a := s.get("/__clerk/v1/client"); a.StatusCode == http.StatusFound && strings.Contains(a.Header.Get("Location"), c) {
			t.Errorf("%q: got %d %q", fields, a.StatusCode, a.Header["Location"])
		}
	}
}
