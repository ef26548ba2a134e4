// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// TestASiteDoesNotGetBetweenTheProxyAndTheBrowser has directives around the proxy
// that change paths, headers and answers, and a gate that would refuse.
func TestASiteDoesNotGetBetweenTheProxyAndTheBrowser(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = []string{"__client=a", "__client_uat=1"}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, r.RequestURI)
	})
	const gate = "clerk_auth {\n authorized_parties http://localhost\n}\n"
	proxy := func(path string) string { return "clerk_proxy " + path + " {\n upstream " + api.URL + "\n}\n" }
	for name, test := range map[string]struct{ directives, path string }{
		"handle_path around it":          {"handle_path /app/* {\n" + gate + proxy("/app/__clerk") + "}", "/app/__clerk/v1/client"},
		"handle before it":               {"handle /__clerk/* {\n respond handled\n}\n" + gate + proxy("/__clerk"), "/__clerk/v1/client"},
		"a rewrite of everything":        {"rewrite * /index.html\n" + gate + proxy("/__clerk"), "/__clerk/v1/client"},
		"a prefix that is stripped":      {"uri strip_prefix /__clerk\n" + gate + proxy("/__clerk"), "/__clerk/v1/client"},
		"a gate for its very path":       {"clerk_auth /__clerk/* {\n authorized_parties http://localhost\n}\n" + proxy("/__clerk"), "/__clerk/v1/client"},
		"a route in the order that pays": {"route {\n" + proxy("/__clerk") + gate + "}", "/__clerk/v1/client"},
		"error pages":                    {gate + proxy("/__clerk") + "handle_errors {\n respond erred\n}", "/__clerk/v1/client"},
		"answers taken apart":            {gate + proxy("/__clerk") + "intercept {\n @any status 4xx\n handle_response @any {\n respond intercepted\n }\n}", "/__clerk/v1/client"},
		"encodings and headers":          {"encode {\n minimum_length 1\n}\nheader X-Site yes\nrequest_header Cookie none\nrequest_header +Clerk-Secret-Key forged\n" + gate + proxy("/__clerk"), "/__clerk/v1/client"},
		"tracing and metrics":            {"tracing {\n span site\n}\nmetrics /metrics\n" + gate + proxy("/__clerk"), "/__clerk/v1/client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_TRACES_EXPORTER", "none")
			s := serve(t, proxyGlobal, test.directives+"\nrespond \"behind the gate\"")
			a := s.get(test.path, "Accept-Encoding", "gzip", "Cookie", "__client=b")
			if a.StatusCode != http.StatusUnauthorized || a.body != "/v1/client" || len(a.Header["Set-Cookie"]) != 2 {
				t.Fatalf("expected the answer of the Frontend API, got %d %v %s", a.StatusCode, a.Header, a.body)
			}
			if r := api.last(t); r.Header.Get("Cookie") != "__client=b" || len(r.Header["Clerk-Secret-Key"]) != 1 || r.Header.Get("Clerk-Secret-Key") != proxySecret {
				t.Errorf("expected the request as it came, and one secret key, got %v", r.Header)
			}
		})
	}
}

// TestOutputsOfASiteDoNotHaveTheSecretKey has a site say all that it can say of a
// request, after the proxy has sent it on: log fields, headers of the answer, and
// metrics, with credentials in the log.
func TestOutputsOfASiteDoNotHaveTheSecretKey(t *testing.T) {
	api := startFrontendAPI(t, nil)
	s := serve(t, proxyGlobal+"\nservers {\n log_credentials\n trace\n}\nmetrics {\n per_host\n}", `log
	log_append key {http.request.header.Clerk-Secret-Key}
	log_append sent {http.reverse_proxy.header.Clerk-Secret-Key}
	log_append vars {http.vars.clerk}
	header {
		>X-Key "a{http.request.header.Clerk-Secret-Key}b"
		>X-Sent "a{http.reverse_proxy.header.Clerk-Secret-Key}b"
	}
	metrics /metrics
	clerk_proxy {
		upstream `+api.URL+`
	}`)
	a := s.get("/__clerk/v1/client", "Cookie", "__client=shown", "Clerk-Secret-Key", "theirs")
	a.expect(t, http.StatusOK, "X-Key", "ab")
	api.last(t)
	output := fmt.Sprint(a.Header, a.body) + s.get("/metrics").body + s.log()
	if !strings.Contains(output, "__client=shown") || !strings.Contains(output, "caddy_reverse_proxy_upstreams_healthy") {
		t.Error("expected credentials in the log, and metrics of the proxy")
	}
	if strings.Contains(output, proxySecret) {
		t.Errorf("expected no secret key, got\n%s", output)
	}
}

// TestTwoProxiesOfOneSiteKeepTheirKeysApart has paths that begin alike.
func TestTwoProxiesOfOneSiteKeepTheirKeysApart(t *testing.T) {
	api := startFrontendAPI(t, nil)
	instance := func(name string) string {
		return "instance " + name + " {\n publishable_key " + proxyKey + "\n secret_key sk_live_" + name + "\n}\n"
	}
	proxy := func(path, name string) string {
		return "clerk_proxy " + path + " {\n instance " + name + "\n upstream " + api.URL + "\n}\n"
	}
	s := serve(t, "clerk {\n"+instance("acme")+instance("shop")+"}", proxy("/clerk", "acme")+proxy("/clerk-shop", "shop")+proxy("/shop/clerk", "shop"))
	for path, want := range map[string]string{"/clerk/v1": "sk_live_acme", "/clerk-shop/v1": "sk_live_shop", "/shop/clerk/v1": "sk_live_shop", "/clerk/shop/v1": "sk_live_acme"} {
		s.get(path).expect(t, http.StatusOK)
		if got := api.last(t).Header["Clerk-Secret-Key"]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: expected %s, got %q", path, want, got)
		}
	}
}

// TestFailuresOfAClientAreNoOutage has bodies that do not come to their end, or
// are longer than the site allows.
func TestFailuresOfAClientAreNoOutage(t *testing.T) {
	api := startFrontendAPI(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	s := proxied(t, api, "", "request_body {\n max_size 10\n}")
	head := "POST /__clerk/v1/client HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\nConnection: close\r\n"
	// By the time that the body turns out to end early, its client, who sends no
	// more, may count as gone.
	early, tooLong := []int{http.StatusBadRequest, 499}, []int{http.StatusRequestEntityTooLarge}
	for name, test := range map[string]struct {
		rest   string
		send   func(string) answer
		status []int
	}{
		"a body that ends early":          {"Content-Length: 9\r\n\r\nabc", s.rawHalfClosed, early},
		"chunks that end early":           {"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", s.rawHalfClosed, early},
		"chunks that are none":            {"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzzz\r\n", s.rawHalfClosed, early},
		"a body that is too long":         {"Content-Length: 11\r\n\r\nabcdefghijk", s.raw, tooLong},
		"chunks that are too long in all": {"Transfer-Encoding: chunked\r\n\r\n9\r\nabcdefghi\r\n9\r\nabcdefghi\r\n0\r\n\r\n", s.raw, tooLong},
	} {
		a := test.send(head + test.rest)
		if !slices.Contains(test.status, a.StatusCode) {
			t.Errorf("%s: expected one of %d, got %d %s", name, test.status, a.StatusCode, a.body)
		}
		if a.body != "" {
			expectProxyError(t, a, "proxy_request_failed")
		}
	}
	if log := s.log(); strings.Contains(log, "could not be sent to the Frontend API") {
		t.Errorf("expected no outage in the log, got\n%s", log)
	}
}

// rawHalfClosed sends what a client does that sends no more, and waits.
func (s *site) rawHalfClosed(request string) answer {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, request)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("reading the answer: %v", err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return answer{resp, string(body)}
}

// TestABodyThatWaitsToBeAskedForIsAskedFor has a client that sends none before it
// is told to.
func TestABodyThatWaitsToBeAskedForIsAskedFor(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	s := proxied(t, api, "", "")
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /__clerk/v1/client HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n")
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") {
		t.Fatalf("expected to be told to go on, got %q (%v)", line, err)
	}
	_, _ = io.WriteString(conn, "body")
	rest, err := io.ReadAll(reader)
	if err != nil || !strings.Contains(string(rest), "200 OK") || !strings.Contains(string(rest), "body") {
		t.Errorf("got %q (%v)", rest, err)
	}
}

// TestAnAnswerOutlivesItsConfiguration reloads while one is on its way.
func TestAnAnswerOutlivesItsConfiguration(t *testing.T) {
	more := make(chan struct{})
	api := startFrontendAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begun, ")
		_ = http.NewResponseController(w).Flush()
		<-more
		_, _ = io.WriteString(w, "done")
	})
	s := proxied(t, api, "", "")
	resp, err := http.Get(s.url + "/__clerk/v1/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := s.load(proxyGlobal, "respond other"); err != nil {
		t.Fatal(err)
	}
	close(more)
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "begun, done" {
		t.Errorf("got %q (%v)", body, err)
	}
}

// TestWhoHasNoAddressIsGivenNone has a site on a Unix socket, and requests that
// name no host.
func TestWhoHasNoAddressIsGivenNone(t *testing.T) {
	withoutEnvironment(t)
	api := startFrontendAPI(t, nil)
	// Each configuration has a socket of its own: the server that is going may
	// answer on one that is shared.
	socket := ""
	config := func(globals, proxyURL string) []byte {
		socket = filepath.Join(t.TempDir(), "s")
		return adapt(t, "{\nadmin off\npersist_config off\nauto_https off\nstorage file_system "+t.TempDir()+"\nlog {\noutput discard\n}\n"+globals+
			"clerk {\npublishable_key "+proxyKey+"\nsecret_key "+proxySecret+"\n"+proxyURL+"}\n}\nhttp:// {\nbind unix/"+socket+"\nclerk_proxy {\nupstream "+api.URL+"\n}\n}\n")
	}
	t.Cleanup(func() { _ = caddy.Stop() })
	client := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	for _, test := range []struct{ globals, proxyURL, forwarded, want string }{
		{"", "", "6.6.6.6", ""},
		{"servers {\n trusted_proxies_unix\n trusted_proxies_strict\n}\n", "", "6.6.6.6, 203.0.113.7", "203.0.113.7"},
		{"servers {\n trusted_proxies_unix\n}\n", "", "", ""},
	} {
		if err := caddy.Load(config(test.globals, test.proxyURL), true); err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodGet, "http://app.example.com/__clerk/v1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"X-Forwarded-For": {test.forwarded}}
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		r := api.last(t)
		if got := r.Header.Get("X-Forwarded-For"); got != test.want || r.Header.Get("Clerk-Proxy-Url") != "http://app.example.com/__clerk" {
			t.Errorf("%+v: got %v", test, r.Header)
		}
	}
	for proxyURL, status := range map[string]string{"": "400", "proxy_url https://app.example.com/__clerk\n": "200"} {
		if err := caddy.Load(config("", proxyURL), true); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET /__clerk/v1 HTTP/1.0\r\n\r\n")
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.Contains(line, status) {
			t.Errorf("%q: expected %s, got %s", proxyURL, status, line)
		}
		_ = conn.Close()
	}
}
