// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

var proxyCases = flag.Int("proxy.cases", 2000, "how many requests to send through both proxies of the Frontend API")

const (
	proxyPublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"
	proxySecretKey      = "sk_live_proxy" //nolint:gosec // It is made up.
)

// TestProxyConformance sends requests through the Frontend API proxy of the
// reference and through that of a Caddy, each with a stand-in of the Frontend API
// behind it, and compares what the stand-ins got and what the client got.
func TestProxyConformance(t *testing.T) {
	cases := make([]*proxyCase, *proxyCases)
	for i := range cases {
		cases[i] = generateProxyCase(*seed, i)
	}
	theirs, ours := newFrontend(t, cases), newFrontend(t, cases)
	answers, err := ask[*proxyCase, *proxyAnswer]("proxy.mjs", map[string]string{
		"publishableKey": proxyPublishableKey, "secretKey": proxySecretKey, "fapiUrl": theirs.URL,
	}, cases)
	if err != nil {
		t.Fatal(err)
	}
	address := startProxy(t, ours.URL)
	matched := 0
	for i, c := range cases {
		answer, err := c.send(address)
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		want := describeProxied(theirs, c, answers[i])
		if got := describeProxied(ours, c, answer); got != want {
			t.Errorf("case %d: the reference\n%s\nours\n%s", i, want, got)
			continue
		}
		matched++
	}
	t.Logf("%d of %d requests and answers are the same through both proxies", matched, len(cases))
}

// TestProxyRefusesWhatTheReferenceSendsOn asserts where ours is stricter on purpose:
// paths that can be read in several ways.
func TestProxyRefusesWhatTheReferenceSendsOn(t *testing.T) {
	var cases []*proxyCase
	for _, target := range []string{
		"/__clerk//evil.example/v1", "/__clerk/v1//client", "/__clerk/v1%2fclient", "/__clerk/%252e%252e/v1", "/__clerk/v1/%5c", "/__clerk/..;/v1",
	} {
		id := len(cases)
		cases = append(cases, &proxyCase{
			ID: id, Method: http.MethodGet, Host: "app.example.com", Target: target, URL: "http://app.example.com" + target,
			Headers: [][2]string{{"X-Case", fmt.Sprint(id)}}, Status: http.StatusOK,
		})
	}
	theirs, ours := newFrontend(t, cases), newFrontend(t, cases)
	if _, err := ask[*proxyCase, *proxyAnswer]("proxy.mjs", map[string]string{
		"publishableKey": proxyPublishableKey, "secretKey": proxySecretKey, "fapiUrl": theirs.URL,
	}, cases); err != nil {
		t.Fatal(err)
	}
	address := startProxy(t, ours.URL)
	for _, c := range cases {
		answer, err := c.send(address)
		if err != nil || answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, "proxy_path_mismatch") || ours.got(c.ID) != "" {
			t.Errorf("%s: expected ours to refuse it, got %+v (%v)", c.Target, answer, err)
		}
		if theirs.got(c.ID) == "" {
			t.Errorf("%s: expected the reference to send it on; if it does not any more, this is no difference", c.Target)
		}
	}
}

// proxyCase is a request, and what the Frontend API answers.
type proxyCase struct {
	ID      int         `json:"id"`
	Method  string      `json:"method"`
	Host    string      `json:"host"`
	Target  string      `json:"target"`
	URL     string      `json:"url"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`

	Status        int         `json:"-"`
	AnswerHeaders [][2]string `json:"-"`
	AnswerBody    string      `json:"-"`
}

type proxyAnswer struct {
	Status  int
	Headers [][2]string
	Body    string
}

// upstreamMark stands for the address of the Frontend API in what it answers.
const upstreamMark = "{upstream}"

func generateProxyCase(seed uint64, id int) *proxyCase {
	c := newChance(seed, id)
	p := &proxyCase{
		ID:     id,
		Method: pick(c, "GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"),
		Host:   pick(c, "app.example.com", "app.example.com:8443", "localhost:3000"),
		Target: "/__clerk" + pick(c, "", "/", "/v1/client", "/v1/environment", "/v1/client/sign_ins/sia_1/attempt_first_factor",
			"/v1/client/sessions/sess_1/tokens/my%20template", "/npm/@clerk/clerk-js@6/dist/clerk.browser.js", "/v1/tokens/%C3%BC", "/v1/a.b/c~d/") +
			pick(c, "", "", "?_clerk_js_version=6.40.0", "?a=b&a=c&d", "?redirect_url=https%3A%2F%2Fapp.example.com%2F%3Fa%3Db", "?a=%2F..%2F&b=//c", "?__clerk_db_jwt=dvb_1"),
	}
	p.Headers = [][2]string{
		{"X-Case", fmt.Sprint(id)}, {"X-Forwarded-For", pick(c, "203.0.113.7", "2001:db8::7")},
		// The reference's fetch sends its own where there are none.
		{"Accept", pick(c, "*/*", "application/json")}, {"Accept-Language", "de"}, {"User-Agent", "a browser"}, {"Sec-Fetch-Mode", "cors"},
	}
	if c.oneIn(2) {
		p.Headers = append(p.Headers, [2]string{"X-Forwarded-Host", "public.example.com"}, [2]string{"X-Forwarded-Proto", pick(c, "https", "http")})
	}
	for _, header := range [][2]string{
		{"Cookie", "__client=abc; __client_uat=1"}, {"Origin", "https://app.example.com"}, {"Authorization", "Bearer abc"}, {"Referer", "https://app.example.com/a"},
		{"Clerk-Secret-Key", "sk_live_other"}, {"Clerk-Proxy-Url", "https://evil.example"}, {"X-Custom", "a, b"},
		{"Te", "trailers"}, {"Keep-Alive", "timeout=5"}, {"Proxy-Authorization", "Basic abc"}, {"Accept-Encoding", "gzip, br"},
	} {
		if c.oneIn(3) {
			p.Headers = append(p.Headers, header)
		}
	}
	if c.oneIn(6) {
		p.Headers = append(p.Headers, [2]string{"Connection", "x-hop, clerk-secret-key"}, [2]string{"X-Hop", "yes"})
	}
	if p.Method != "GET" && p.Method != "HEAD" && p.Method != "OPTIONS" {
		p.Headers = append(p.Headers, [2]string{"Content-Type", "application/x-www-form-urlencoded"})
		p.Body = pick(c, "a=b", "identifier=a%40b&password=%C3%BC", strings.Repeat("long", 10_000))
	}
	p.URL = "http://" + p.Host + p.Target
	p.generateAnswer(c)
	return p
}

func (p *proxyCase) generateAnswer(c chance) {
	p.Status = pick(c, 200, 200, 200, 204, 401, 422, 429, 500, 302, 307, 303)
	p.AnswerHeaders = [][2]string{{"Content-Type", pick(c, "application/json", "text/html; charset=utf-8")}}
	if p.Status != 204 {
		p.AnswerBody = pick(c, `{"response":null}`, "", strings.Repeat("<p>", 20_000))
	}
	if p.Status > 300 && p.Status < 308 || c.oneIn(10) {
		p.AnswerHeaders = append(p.AnswerHeaders, [2]string{"Location", pick(c, upstreamMark+"/v1/client/handshake?a=b&c=d#e", "/v1/oauth_callback?code=a%2Fb",
			"https://accounts.example.com/sign-in?redirect_url=a", "//other.example/v1", "com.example.app://callback", upstreamMark)})
	}
	for i := range c.IntN(6) {
		p.AnswerHeaders = append(p.AnswerHeaders, [2]string{"Set-Cookie", fmt.Sprintf("cookie_%d=a; Path=/; Expires=Wed, 25 Nov 2026 12:00:00 GMT; HttpOnly", i)})
	}
	for _, header := range [][2]string{
		{"Cache-Control", "private, max-age=0"}, {"Clerk-Db-Jwt", "dvb_1"}, {"Access-Control-Allow-Origin", "https://app.example.com"}, {"Retry-After", "5"},
		{"Vary", "Origin, Cookie"}, {"Etag", `"a"`}, {"Keep-Alive", "timeout=5"}, {"Strict-Transport-Security", "max-age=1"},
	} {
		if c.oneIn(4) {
			p.AnswerHeaders = append(p.AnswerHeaders, header)
		}
	}
}

// send sends the case to a Caddy, to the letter.
func (p *proxyCase) send(address string) (*proxyAnswer, error) {
	var request bytes.Buffer
	fmt.Fprintf(&request, "%s %s HTTP/1.1\r\nHost: %s\r\n", p.Method, p.Target, p.Host)
	for _, header := range p.Headers {
		fmt.Fprintf(&request, "%s: %s\r\n", header[0], header[1])
	}
	if p.Body != "" {
		fmt.Fprintf(&request, "Content-Length: %d\r\n", len(p.Body))
	}
	request.WriteString("\r\n" + p.Body)
	resp, body, err := exchange(address, p.Method, request.Bytes())
	if err != nil {
		return nil, err
	}
	answer := &proxyAnswer{Status: resp.StatusCode, Body: body}
	for name, values := range resp.Header {
		for _, value := range values {
			answer.Headers = append(answer.Headers, [2]string{name, value})
		}
	}
	return answer, nil
}

// frontend stands in for the Frontend API, and keeps what it got.
type frontend struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]string
}

func newFrontend(t *testing.T, cases []*proxyCase) *frontend {
	t.Helper()
	f := &frontend{seen: map[string]string{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		id := r.Header.Get("X-Case")
		host := strings.ReplaceAll(r.Host, strings.TrimPrefix(f.URL, "http://"), upstreamMark)
		f.mu.Lock()
		f.seen[id] = fmt.Sprintf("%s %s\nhost: %s\n%s\n%s", r.Method, r.RequestURI, host, listHeaders(r.Header), short(string(body)))
		f.mu.Unlock()
		for _, c := range cases {
			if fmt.Sprint(c.ID) == id {
				f.answer(w, c)
			}
		}
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *frontend) answer(w http.ResponseWriter, c *proxyCase) {
	for _, header := range c.AnswerHeaders {
		w.Header().Add(header[0], strings.ReplaceAll(header[1], upstreamMark, f.URL))
	}
	w.WriteHeader(c.Status)
	_, _ = io.WriteString(w, c.AnswerBody)
}

// got is what came in for a case, and nothing where nothing did.
func (f *frontend) got(id int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[fmt.Sprint(id)]
}

// proxyTransport lists what is between two neighbours, or what each program says of
// itself; and encodings, which ours leaves to Clerk and the browser.
var proxyTransport = []string{"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Date", "Server", "Via", "Accept-Encoding", "Te"}

func listHeaders(h http.Header) string {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if !slices.Contains(proxyTransport, name) {
			fmt.Fprintf(&lines, "%s: %q\n", name, h[name])
		}
	}
	return lines.String()
}

// describeProxied tells all that is compared of a case.
func describeProxied(f *frontend, c *proxyCase, a *proxyAnswer) string {
	header := http.Header{}
	for _, field := range a.Headers {
		header.Add(field[0], strings.ReplaceAll(field[1], f.URL, upstreamMark))
	}
	return fmt.Sprintf("sent on:\n%s\nanswered: %d\n%s\n%s", f.got(c.ID), a.Status, listHeaders(header), short(a.Body))
}

// short gives a long text by its hash.
func short(text string) string {
	if len(text) < 200 {
		return text
	}
	return fmt.Sprintf("%d bytes, %x", len(text), sha256.Sum256([]byte(text)))
}

// startProxy runs a Caddy with the proxy, and gives its address.
func startProxy(t *testing.T, upstream string) string {
	t.Helper()
	for _, name := range []string{"PUBLISHABLE_KEY", "SECRET_KEY", "MACHINE_SECRET_KEY", "JWT_KEY", "API_URL", "FAPI_URL"} {
		t.Setenv("CLERK_"+name, "")
	}
	address := freeAddresses(t, 1)[0]
	loadCaddy(t, map[string]any{
		"clerk": map[string]any{"publishable_key": proxyPublishableKey, "secret_key": proxySecretKey},
		"http": map[string]any{"servers": map[string]any{"site": map[string]any{
			"listen":          []string{address},
			"automatic_https": map[string]any{"disable": true},
			"trusted_proxies": map[string]any{"source": "static", "ranges": []string{"127.0.0.1/32"}},
			"routes":          []any{map[string]any{"handle": []any{map[string]any{"handler": "clerk_proxy", "upstream": upstream}}}},
		}}},
	})
	return address
}
