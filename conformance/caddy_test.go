// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-clerk/caddy-clerk"
)

// caddyCases is how many of the cases are sent to a real Caddy. It has a real
// clock, so all of them have to be over before a token's verdict changes.
var caddyCases = flag.Int("caddy-cases", 3000, "how many cases to make for a real Caddy")

// TestCaddyDecidesAsTheReference sends cases over HTTP to a Caddy with a gate
// for each set of options, and compares what comes back. Cases in which Clerk is
// asked about a session or a machine are not among them: what Clerk said is
// remembered there, and these cases have it say something else each time.
func TestCaddyDecidesAsTheReference(t *testing.T) {
	s, err := newSigner()
	if err != nil {
		t.Fatal(err)
	}
	before := moments
	moments = []int64{time.Now().UnixMilli()}
	defer func() { moments = before }()
	var cases []*Case
	for _, c := range generate(*seed, *caddyCases, s) {
		if isForCaddy(c) {
			cases = append(cases, c)
		}
	}
	expectations, err := expect(s.jwks(), cases)
	if err != nil {
		t.Fatal(err)
	}
	server := startCaddy(t, s, cases)
	result, unread := newReport(s.jwks()), 0
	for i, c := range cases {
		got, err := server.decide(c, expectations[i].ours)
		if err != nil {
			t.Fatalf("case %d: %v", c.ID, err)
		}
		if got == nil {
			unread++
			continue
		}
		result.add(c, &expectations[i], got)
	}
	t.Logf("%d of %d cases match over HTTP, and %d are no HTTP", result.matched, len(cases)-unread, unread)
	for _, mismatch := range result.mismatches {
		t.Error(mismatch)
	}
	if result.matched != len(cases)-unread || unread > len(cases)/10 {
		t.Errorf("%d of %d cases do not match, %d were not read", len(cases)-unread-result.matched, len(cases), unread)
	}
}

// isForCaddy tells whether a case can be decided by a Caddy.
func isForCaddy(c *Case) bool {
	o := c.Options
	if o.Keys != "" || o.ClockSkew != nil && *o.ClockSkew > 300_000 || strings.Contains(c.cookies(), "__refresh_") {
		return false
	}
	for _, prefix := range []string{"ak_", "mt_", "oat_"} {
		if strings.Contains(c.header("Authorization"), prefix) {
			return false
		}
	}
	return true
}

// server is a Caddy with a listener for each set of options.
type server struct {
	addresses map[string]string
	current   atomic.Pointer[Case]
	sent      int
}

func startCaddy(t *testing.T, s *signer, cases []*Case) *server {
	t.Helper()
	for _, name := range []string{"PUBLISHABLE_KEY", "SECRET_KEY", "MACHINE_SECRET_KEY", "JWT_KEY", "API_URL"} {
		t.Setenv("CLERK_"+name, "")
	}
	sv := &server{addresses: map[string]string{}}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sv.answer(w, r, s.jwks()) }))
	t.Cleanup(api.Close)
	sets := map[string]OptionSet{}
	for _, c := range cases {
		sets[c.Options.Name] = c.Options
	}
	servers, free := map[string]any{}, freeAddresses(t, len(sets))
	for name, options := range sets {
		address := free[len(servers)]
		sv.addresses[name] = address
		servers[address] = map[string]any{
			"listen":          []string{address},
			"automatic_https": map[string]any{"disable": true},
			"trusted_proxies": map[string]any{"source": "static", "ranges": []string{"127.0.0.1/32"}},
			"routes":          []any{map[string]any{"handle": []any{gateOf(options, api.URL), echo}}},
		}
	}
	loadCaddy(t, map[string]any{"http": map[string]any{"servers": servers}})
	return sv
}

// loadCaddy runs a Caddy with these apps until the test ends.
func loadCaddy(t *testing.T, apps map[string]any) {
	t.Helper()
	config := mustJSON(map[string]any{
		"admin":   map[string]any{"disabled": true, "config": map[string]any{"persist": false}},
		"storage": map[string]any{"module": "file_system", "root": t.TempDir()},
		"logging": map[string]any{"logs": map[string]any{"default": map[string]any{"writer": map[string]any{"output": "discard"}}}},
		"apps":    apps,
	})
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// freeAddresses gives addresses that were free a moment ago. All are taken
// before any is given back, so that no two are the same.
func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	addresses := make([]string, 0, n)
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses
}

// separator stands between the values that echo answers with.
const separator = "\x1f"

// echo answers with what an application behind the gate learns.
var echo = map[string]any{"handler": "static_response", "body": strings.Join([]string{
	"{http.clerk.status}", "{http.clerk.reason}", "{http.clerk.token_type}",
	"{http.clerk.user_id}", "{http.clerk.session_id}", "{http.clerk.org_id}", "{http.clerk.org_slug}",
	"{http.clerk.org_role}", "{http.clerk.org_permissions}", "{http.clerk.actor_id}",
}, separator)}

// gateOf configures a gate that lets everybody pass whom it does not redirect.
func gateOf(o OptionSet, api string) map[string]any {
	gate := map[string]any{
		"handler": "clerk_auth", "optional": true, "api_url": api,
		"publishable_key": o.PublishableKey, "secret_key": o.SecretKey, "jwt_key": o.JWTKey,
		"proxy_url": o.ProxyURL, "sign_in_url": o.SignInURL, "domain": o.Domain,
		"is_satellite": o.IsSatellite, "satellite_auto_sync": o.SatelliteAutoSync,
		"authorized_parties": o.AuthorizedParties, "audience": o.Audience, "issuer": o.Issuer, "accepts_token": o.AcceptsToken,
	}
	if o.ClockSkew != nil {
		gate["clock_skew"] = *o.ClockSkew * int64(time.Millisecond)
	}
	if paths := o.Organizations; paths != nil {
		gate["organization_sync"] = map[string]any{"organization": paths.Organization, "personal_account": paths.Personal}
	}
	return gate
}

// answer plays the Backend API for the case at hand.
func (sv *server) answer(w http.ResponseWriter, r *http.Request, jwks []byte) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/v1/jwks" {
		_, _ = w.Write(jwks)
		return
	}
	directives, known := sv.current.Load().Payloads[r.URL.Query().Get("nonce")]
	if !known {
		w.WriteHeader(notFound.Status)
		_, _ = io.WriteString(w, notFound.Body)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"directives": directives})
}

// decide sends a case and gives what is expected with what was seen put in its
// place; nil for a request that net/http does not read. Each comes from a client
// of its own, so that none uses up what the others may ask Clerk.
func (sv *server) decide(c *Case, expected *Record) (*Record, error) {
	sv.current.Store(c)
	sv.sent++
	resp, body, err := exchange(sv.addresses[c.Options.Name], c.Method, sv.rawRequest(c))
	if err != nil {
		return nil, err
	}
	if resp.Header.Get("Server") == "" || resp.StatusCode == http.StatusRequestHeaderFieldsTooLarge {
		return nil, nil
	}
	return observed(resp, body, expected), nil
}

// exchange sends a request to the letter, and gives the answer with its body read.
func exchange(address, method string, request []byte) (*http.Response, string, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, "", err
	}
	defer conn.Close()
	if _, err := conn.Write(request); err != nil {
		return nil, "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// rawRequest writes the request to the letter. What the case says of proxies
// comes from nobody who is trusted, and the address from one who is.
func (sv *server) rawRequest(c *Case) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", c.Method, c.Target, c.Host)
	for _, field := range c.without("X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For") {
		fmt.Fprintf(&b, "%s: %s\r\n", field[0], field[1])
	}
	fmt.Fprintf(&b, "X-Forwarded-For: 10.%d.%d.%d\r\nX-Forwarded-Proto: %s\r\n", sv.sent>>16&255, sv.sent>>8&255, sv.sent&255, c.Scheme)
	if !strings.EqualFold(c.header("Connection"), "upgrade") {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func observed(resp *http.Response, body string, expected *Record) *Record {
	got := *expected
	got.Location = resp.Header.Get("Location")
	got.Cookies = resp.Header.Values("Set-Cookie")
	got.CacheControl = resp.Header.Get("Cache-Control")
	got.AllowOrigin = resp.Header.Get("Access-Control-Allow-Origin")
	got.AllowCredentials = resp.Header.Get("Access-Control-Allow-Credentials")
	got.AuthStatus = resp.Header.Get("X-Clerk-Auth-Status")
	got.AuthReason = resp.Header.Get("X-Clerk-Auth-Reason")
	values := strings.Split(body, separator)
	if resp.StatusCode != http.StatusOK || len(values) != 10 {
		return &got
	}
	got.Status, got.Reason, got.TokenType = values[0], values[1], values[2]
	if expected.Identity.SessionStatus == "pending" {
		// A gate calls a pending session a reason of its own.
		got.Reason = expected.Reason
	}
	if strings.HasPrefix(expected.Machine.Subject, "user_") && values[3] == expected.Machine.Subject {
		// Placeholders tell as the user whom a machine's token stands for.
		values[3] = ""
	}
	i := &got.Identity
	i.UserID, i.SessionID, i.OrgID, i.OrgSlug, i.OrgRole, i.Actor = values[3], values[4], values[5], values[6], values[7], values[9]
	i.OrgPermissions = nil
	if values[8] != "" {
		i.OrgPermissions = strings.Split(values[8], ",")
	}
	return &got
}
