// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

const (
	proxySecret = "sk_live_thisMustNeverBeSeen" //nolint:gosec // It is made up.
	proxyKey    = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"
	proxyGlobal = `clerk {
		publishable_key ` + proxyKey + `
		secret_key ` + proxySecret + `
	}`
)

// frontendAPI stands in for Clerk's, and keeps the last request that it got.
type frontendAPI struct {
	*httptest.Server
	seen chan *http.Request
}

// startFrontendAPI answers with a handler, or with nothing when it is nil.
func startFrontendAPI(t *testing.T, answer http.HandlerFunc) *frontendAPI {
	t.Helper()
	api := &frontendAPI{seen: make(chan *http.Request, 1000)}
	api.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.seen <- r
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(api.Close)
	return api
}

func (api *frontendAPI) last(t *testing.T) *http.Request {
	t.Helper()
	select {
	case r := <-api.seen:
		return r
	default:
		t.Fatal("expected a request to have come in")
		return nil
	}
}

// proxied is a site with a proxy before a gate.
func proxied(t *testing.T, api *frontendAPI, globals, directives string) *site {
	t.Helper()
	return serve(t, proxyGlobal+"\n"+globals, `clerk_proxy {
		upstream `+api.URL+`
	}
	clerk_auth {
		proxy_url /__clerk
		authorized_parties http://localhost
	}
	respond "behind the gate"
	`+directives)
}

func TestTheProxySaysWhoAsksWhateverTheClientSays(t *testing.T) {
	api := startFrontendAPI(t, nil)
	s := proxied(t, api, "", "")
	for name, headers := range map[string][]string{
		"nothing": nil,
		"the same headers": {
			"Clerk-Secret-Key", "sk_live_other", "Clerk-Proxy-Url", "https://evil.example/__clerk", "X-Forwarded-For", "6.6.6.6",
			"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "for=6.6.6.6", "X-Real-Ip", "6.6.6.6",
			"Cf-Connecting-Ip", "6.6.6.6", "True-Client-Ip", "6.6.6.6",
		},
		"several of them":             {"Clerk-Secret-Key", "a", "Clerk-Secret-Key", "b", "X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "7.7.7.7, 8.8.8.8"},
		"headers named as hop by hop": {"Connection", "Clerk-Secret-Key, Clerk-Proxy-Url, X-Forwarded-For, X-Forwarded-Host"},
		"an upgrade":                  {"Connection", "Upgrade", "Upgrade", "websocket"},
		"an identity":                 {"X-Clerk-User-Id", "user_alice"},
	} {
		t.Run(name, func(t *testing.T) {
			s.get("/__clerk/v1/client?_clerk_js_version=6", headers...).expect(t, http.StatusOK)
			r := api.last(t)
			if got := r.RequestURI; got != "/v1/client?_clerk_js_version=6" {
				t.Errorf("target: got %s", got)
			}
			if r.Host != strings.TrimPrefix(api.URL, "http://") {
				t.Errorf("host: got %s", r.Host)
			}
			for header, want := range map[string][]string{
				"Clerk-Secret-Key":  {proxySecret},
				"Clerk-Proxy-Url":   {s.url + "/__clerk"},
				"X-Forwarded-For":   {"127.0.0.1"},
				"X-Forwarded-Host":  {strings.TrimPrefix(s.url, "http://")},
				"X-Forwarded-Proto": {"http"},
				"Forwarded":         nil, "X-Real-Ip": nil, "Cf-Connecting-Ip": nil, "True-Client-Ip": nil, "Upgrade": nil, "X-Clerk-User-Id": nil,
			} {
				if got := r.Header[header]; !slices.Equal(got, want) {
					t.Errorf("%s: expected %q, got %q", header, want, got)
				}
			}
		})
	}
}

func TestTheProxyBelievesTrustedProxies(t *testing.T) {
	api := startFrontendAPI(t, nil)
	s := proxied(t, api, "servers {\n trusted_proxies static 127.0.0.1/32\n trusted_proxies_strict\n}", "")
	s.get("/__clerk/v1/client", "X-Forwarded-For", "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "app.example.com")
	r := api.last(t)
	for header, want := range map[string]string{
		"Clerk-Proxy-Url":   "https://app.example.com/__clerk",
		"X-Forwarded-For":   "203.0.113.7",
		"X-Forwarded-Host":  "app.example.com",
		"X-Forwarded-Proto": "https",
	} {
		if got := r.Header.Values(header); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: expected %q, got %q", header, want, got)
		}
	}
}

func TestTheProxyPassesOnWhatTheBrowserSends(t *testing.T) {
	body := ""
	api := startFrontendAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		body = string(data)
	})
	s := proxied(t, api, "", "")
	req, err := http.NewRequest(http.MethodPost, s.url+"/__clerk/v1/client/sign_ins?_method=PATCH", strings.NewReader("identifier=a%40b&password=%C3%BC"))
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Cookie": "__client=abc; theme=dark", "Origin": s.url,
		"Authorization": "Bearer abc", "Accept-Encoding": "br, zstd", "User-Agent": "a browser",
	}
	for name, value := range sent {
		req.Header.Set(name, value)
	}
	resp, err := s.client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	r := api.last(t)
	for name, want := range sent {
		if got := r.Header.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: expected %q, got %q", name, want, got)
		}
	}
	if r.Method != http.MethodPost || r.RequestURI != "/v1/client/sign_ins?_method=PATCH" || body != "identifier=a%40b&password=%C3%BC" {
		t.Errorf("got %s %s %q", r.Method, r.RequestURI, body)
	}
}

func TestTheProxyPassesOnEveryCookieByItself(t *testing.T) {
	cookies := []string{
		"__client=abc; Path=/__clerk; HttpOnly; SameSite=Lax", "__client_uat=1; Path=/", "__client_uat_abcdefgh=1; Path=/; Expires=Wed, 25 Nov 2026 12:00:00 GMT",
		"__refresh_abcdefgh=xyz; Path=/; HttpOnly", "__cf_bm=q; Path=/",
	}
	api := startFrontendAPI(t, func(w http.ResponseWriter, _ *http.Request) { w.Header()["Set-Cookie"] = cookies })
	s := proxied(t, api, "", "header +X-Site yes")
	if got := s.get("/__clerk/v1/client").Header["Set-Cookie"]; !slices.Equal(got, cookies) {
		t.Errorf("expected the five of them as they are, got %q", got)
	}
}

func TestTheProxyLeavesEncodingsAlone(t *testing.T) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write([]byte(`{"response":null}`))
	_ = writer.Close()
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") == "" {
			_, _ = io.WriteString(w, "plain")
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	s := proxied(t, api, "", "")
	a := s.get("/__clerk/v1/client", "Accept-Encoding", "gzip")
	a.expect(t, http.StatusOK, "Content-Encoding", "gzip")
	if a.body != packed.String() {
		t.Errorf("expected the body as it came, got %q", a.body)
	}
	s.client.DisableCompression = true
	if a := s.get("/__clerk/v1/client"); a.body != "plain" {
		t.Errorf("expected no encoding that the browser did not ask for, got %q", a.body)
	}
}

func TestTheProxyStreamsBothWays(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		lines := bufio.NewReader(r.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, "got "+line)
			_ = http.NewResponseController(w).Flush()
		}
	})
	s := proxied(t, api, "servers {\n enable_full_duplex\n}", "")
	reader, writer := io.Pipe()
	req, err := http.NewRequest(http.MethodPost, s.url+"/__clerk/v1/stream", reader)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(writer, "one\n") }()
	resp, err := s.client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answers := bufio.NewReader(resp.Body)
	for _, line := range []string{"one", "two", "three"} {
		if line != "one" {
			if _, err := io.WriteString(writer, line+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := answers.ReadString('\n'); err != nil || got != "got "+line+"\n" {
			t.Fatalf("expected the answer to %q while the request goes on, got %q (%v)", line, got, err)
		}
	}
	_ = writer.Close()
}

func TestTheProxyLimitsNoBody(t *testing.T) {
	const size = 32 << 20
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if n != size || err != nil {
			t.Errorf("expected %d bytes, got %d (%v)", size, n, err)
		}
		_, _ = io.Copy(w, io.LimitReader(zeros{}, size))
	})
	s := proxied(t, api, "", "")
	req, err := http.NewRequest(http.MethodPut, s.url+"/__clerk/v1/me/profile_image", io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
		t.Errorf("expected %d bytes, got %d (%v)", size, n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRedirectsOfTheFrontendAPIStayOnTheSite(t *testing.T) {
	location := ""
	api := startFrontendAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusFound)
	})
	s := proxied(t, api, "", "")
	proxy := s.url + "/__clerk"
	for _, test := range []struct{ from, want string }{
		{api.URL + "/v1/client/handshake?a=b&c=d", proxy + "/v1/client/handshake?a=b&c=d"},
		{"/v1/oauth_callback#there", proxy + "/v1/oauth_callback#there"},
		{"other?a=%2F", proxy + "/v1/other?a=%2F"},
		{"?a=b", proxy + "/v1/client?a=b"},
		{api.URL, proxy + "/"},
		{"https://accounts.example.com/sign-in?redirect_url=" + api.URL, "https://accounts.example.com/sign-in?redirect_url=" + api.URL},
		{strings.Replace(api.URL, "http:", "https:", 1) + "/v1", strings.Replace(api.URL, "http:", "https:", 1) + "/v1"},
		{strings.Replace(api.URL, "//", "//user@", 1) + "/v1", strings.Replace(api.URL, "//", "//user@", 1) + "/v1"},
		{"//evil.example/v1", "//evil.example/v1"},
		{"com.example.app://callback", "com.example.app://callback"},
		{":", ":"},
	} {
		location = test.from
		if got := s.get("/__clerk/v1/client").Header.Get("Location"); got != test.want {
			t.Errorf("%s: expected %s, got %s", test.from, test.want, got)
		}
	}
}

func TestTheProxyGoesWhereTheUpstreamSays(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/base/v1/next?"+r.URL.RawQuery)
	})
	s := serve(t, `clerk {
		instance acme {
			publishable_key `+proxyKey+`
			secret_key `+proxySecret+`
			proxy_url https://app.example.com/clerk/
		}
	}`, `clerk_proxy /clerk {
		instance acme
		upstream `+api.URL+`/base/
	}
	respond "elsewhere"`)
	a := s.get("/clerk/v1/client%20a?b=c;d&e")
	a.expect(t, http.StatusOK, "Location", "https://app.example.com/clerk/v1/next?b=c;d&e")
	r := api.last(t)
	if r.RequestURI != "/base/v1/client%20a?b=c;d&e" {
		t.Errorf("got %s", r.RequestURI)
	}
	if got := r.Header.Get("Clerk-Proxy-Url"); got != "https://app.example.com/clerk" {
		t.Errorf("got %s", got)
	}
	for _, path := range []string{"/", "/clerks", "/clerk.js", "/Clerk/v1", "/%63lerk/v1", "/a/clerk/v1"} {
		if a := s.get(path); a.body != "elsewhere" {
			t.Errorf("%s: expected it to be passed on, got %d %s", path, a.StatusCode, a.body)
		}
	}
	s.get("/clerk").expect(t, http.StatusOK)
	if r := api.last(t); r.RequestURI != "/base/" {
		t.Errorf("got %s", r.RequestURI)
	}
}

// TestTheProxyComesBeforeWhateverRewritesPaths also has the gate before it in
// the file.
func TestTheProxyComesBeforeWhateverRewritesPaths(t *testing.T) {
	api := startFrontendAPI(t, nil)
	s := serve(t, proxyGlobal, `clerk_auth {
		proxy_url /__clerk
		authorized_parties http://localhost
	}
	try_files {path} /index.html
	clerk_proxy {
		upstream `+api.URL+`
	}
	respond "behind the gate"`)
	s.get("/__clerk/v1/environment?a=b").expect(t, http.StatusOK)
	if r := api.last(t); r.RequestURI != "/v1/environment?a=b" {
		t.Errorf("got %s", r.RequestURI)
	}
	a := s.get("/", document...)
	a.expect(t, http.StatusTemporaryRedirect)
	if location := a.Header.Get("Location"); !strings.HasPrefix(location, "/") && !strings.HasPrefix(location, s.url+"/__clerk/v1/client/handshake") &&
		!strings.HasPrefix(location, "https://accounts.example.com/") {
		t.Errorf("got %s", location)
	}
}

// hostileTargets must reach the Frontend API by no spelling: they are refused, or
// are none of the proxy's business.
var hostileTargets = []string{
	"/__clerk//evil.example/v1", "/__clerk///evil.example", "/__clerk/v1//client", "/__clerk/v1/client//",
	"/__clerk/../admin", "/__clerk/./v1", "/__clerk/v1/..", "/__clerk/v1/.", "/__clerk/v1/../../admin", "/__clerk/..",
	"/__clerk/%2e%2e/admin", "/__clerk/%2E%2e/admin", "/__clerk/.%2e/admin", "/__clerk/v1/%2e", "/__clerk/..%2fadmin", "/__clerk/..%5cadmin",
	"/__clerk/%2fevil.example", "/__clerk/%2F%2Fevil.example", "/__clerk/v1%2fclient", "/__clerk/v1%5cclient",
	`/__clerk/\evil.example`, `/__clerk\..\admin`, `/__clerk/v1\..\..`, "/__clerk/%5c%5cevil.example",
	"/__clerk/%252e%252e/admin", "/__clerk/%25%32%65", "/__clerk/..;/admin", "/__clerk/..;a=b/admin", "/__clerk/%2e%2e%3b/admin",
	"/__clerk/v1%00", "/__clerk/v1%0d%0aX-Evil:%20yes", "/__clerk/v1%3fa=b", "/__clerk/v1%23a", "/__clerk/v1#a", "/__clerk/%ff%fe",
	"/__clerk@evil.example/", "/__clerk:80/", "/__clerk.evil.example/", "//__clerk/v1", "/.//__clerk/v1",
	"http://evil.example/__clerk/v1", "http://HOST/__clerk/v1", "https://evil.example/__clerk/v1", "http:/__clerk/v1", "/__clerk/http://evil.example/",
	"/%2f__clerk/v1", "/a/../__clerk/v1", "/__clerk%2fv1", "/__clerk?@evil.example", "/__clerk/v1/client%",
}

func TestHostileTargetsDoNotLeaveTheUpstream(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Recorded", r.RequestURI)
	})
	s := proxied(t, api, "", "")
	for _, target := range hostileTargets {
		_, _, a := s.askFor(target)
		recorded, reached := a.Header["X-Recorded"]
		if reached && target != "/__clerk?@evil.example" {
			t.Errorf("%s: expected it to be refused, but %s reached the Frontend API", target, recorded)
		}
		if strings.Contains(a.body, "behind the gate") {
			t.Errorf("%s: expected the gate to see what the proxy does not take, got %d %s", target, a.StatusCode, a.body)
		}
		if a.StatusCode == http.StatusBadRequest && strings.HasPrefix(target, "/__clerk/") && strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
			expectProxyError(t, a, "proxy_path_mismatch")
		}
	}
	for len(api.seen) > 0 {
		r := <-api.seen
		if want := strings.TrimPrefix(api.URL, "http://"); r.Host != want || r.RequestURI != "/?@evil.example" {
			t.Errorf("expected the upstream's own host and a plain path, got %s %s", r.Host, r.RequestURI)
		}
	}
}

func expectProxyError(t *testing.T, a answer, code string) {
	t.Helper()
	var body struct {
		Errors []struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || len(body.Errors) != 1 || body.Errors[0].Code != code || body.Errors[0].Message == "" {
		t.Errorf("expected the error %s, got %s (%v)", code, a.body, err)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("expected the error not to be kept, got %q", a.Header.Get("Cache-Control"))
	}
}

// TestNoMethodMirrorsTheSecretKey: what answers TRACE repeats the request.
func TestNoMethodMirrorsTheSecretKey(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header) })
	s := proxied(t, api, "", "")
	for _, method := range []string{"TRACE", "CONNECT", "TRACK", "DEBUG", "get"} {
		a := s.raw(method + " /__clerk/v1 HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\nConnection: close\r\n\r\n")
		if a.StatusCode < 400 || strings.Contains(a.body, proxySecret) {
			t.Errorf("%s: got %d %s", method, a.StatusCode, a.body)
		}
	}
	if len(api.seen) > 0 {
		t.Error("expected none of them to reach the Frontend API")
	}
}

// TestTheSecretKeyIsInNoOutput has a request succeed, fail and be cut off, with
// all that Caddy logs.
func TestTheSecretKeyIsInNoOutput(t *testing.T) {
	api := startFrontendAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/abort" {
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	s := proxied(t, api, "", "log")
	s.get("/__clerk/v1/client").expect(t, http.StatusOK)
	if resp, err := http.Get(s.url + "/__clerk/v1/abort"); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	api.Close()
	a := s.get("/__clerk/v1/client")
	a.expect(t, http.StatusBadGateway)
	expectProxyError(t, a, "proxy_request_failed")
	log := s.log()
	if !strings.Contains(log, "upstream roundtrip") || !strings.Contains(log, "a request could not be sent to the Frontend API") {
		t.Errorf("expected the log to tell of a success and of a failure, got\n%s", log)
	}
	if strings.Contains(log+a.body, proxySecret) {
		t.Errorf("expected the secret key in no output, got\n%s", log)
	}
}

// TestTheProxyServesARealHandshake has a gate, the proxy and an emulator that is
// elsewhere, with nothing set but the keys and the path.
func TestTheProxyServesARealHandshake(t *testing.T) {
	c := startClerk(t, emulator.Options{Production: true, Mount: "/"})
	s := serve(t, fmt.Sprintf("clerk {\n publishable_key %s\n secret_key %s\n api_url %s\n}", c.PublishableKey(), c.SecretKey(), c.server.URL),
		`clerk_proxy {
			upstream `+c.server.URL+`
		}
		clerk_auth {
			proxy_url /__clerk
			authorized_parties http://localhost:{{port}}
		}
		respond "hello"`)
	a := s.get("/page", append([]string{"Cookie", "__client_uat=1"}, document...)...)
	a.expect(t, http.StatusTemporaryRedirect)
	location := a.Header.Get("Location")
	rest, ok := strings.CutPrefix(location, s.url)
	if !ok || !strings.HasPrefix(rest, "/__clerk/v1/client/handshake?") {
		t.Fatalf("expected the handshake on the site itself, got %s", location)
	}
	back := s.get(rest, document...)
	back.expect(t, http.StatusTemporaryRedirect)
	if got := back.Header.Get("Location"); !strings.HasPrefix(got, s.url+"/page") {
		t.Errorf("expected the way back to the page, got %s", got)
	}
}
