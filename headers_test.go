// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// raw sends bytes as they are, which net/http's client would not, and gives
// the answer.
func (s *site) raw(request string) answer {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(request)); err != nil {
		s.t.Logf("the server stopped reading: %v", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("reading the answer: %v", err)
	}
	defer resp.Body.Close()
	body := new(bytes.Buffer)
	_, _ = body.ReadFrom(resp.Body)
	return answer{resp, body.String()}
}

// echo is an application that answers with the headers and the trailers that
// reach it.
func echo(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for _, headers := range []http.Header{r.Header, r.Trailer} {
			for name, values := range headers {
				fmt.Fprintf(w, "%s: %s\n", name, values)
			}
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestForgedIdentityHeadersReachNobody sends every spelling that an
// application may take for X-Clerk-User-Id on every path there is through a
// site: gated, optional, left out by the matcher, and to the error page.
func TestForgedIdentityHeadersReachNobody(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "servers {\n\t\texpected_underscore_headers X_Clerk_* x-clerk_*\n\t\texpected_dot_headers X.Clerk.*\n\t}", `
	clerk_auth /gated {
		`+c.settings()+`
	}
	clerk_auth /optional {
		`+c.settings()+`
		optional
	}
	reverse_proxy `+echo(t)+`
	handle_errors {
		reverse_proxy `+echo(t)+`
	}`)
	spellings := []string{
		"X-Clerk-User-Id", "x-clerk-user-id", "X-CLERK-USER-ID", "x-Clerk-uSER-iD", "X_Clerk_User_Id", "x_clerk_user_id",
		"X-Clerk_User-Id", "X_Clerk-User-Id", "X.Clerk.User.Id", "X-Clerk.User-Id", "X.Clerk_User.Id", "X-Clerk-",
		"X-Clerk-Org-Role", "X_CLERK_ORG_ROLE", "X-Clerk-Auth-Token", "X-Clerk-Session-Id", "X-Clerk-Anything",
	}
	token := c.bearer(t, "bob", "")
	for _, path := range []string{"/gated", "/optional", "/elsewhere"} {
		for _, authorization := range []string{"", token[0] + ": " + token[1] + "\r\n"} {
			for _, spelling := range spellings {
				answer := s.raw("GET " + path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\n" +
					authorization + spelling + ": forged\r\nConnection: close\r\n\r\n")
				if strings.Contains(answer.body, "forged") {
					t.Errorf("%s: expected %s not to reach the application, got\n%s", path, spelling, answer.body)
				}
			}
		}
	}
}

// TestForgedTrailersReachNobody sends identity after the body, announced and
// not, where no handler can look at it before the application does.
func TestForgedTrailersReachNobody(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth /gated {
		`+c.settings()+`
	}
	reverse_proxy `+echo(t))
	token := c.bearer(t, "bob", "")
	for _, path := range []string{"/gated", "/elsewhere"} {
		answer := s.raw("POST " + path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\n" +
			token[0] + ": " + token[1] + "\r\nTransfer-Encoding: chunked\r\nTrailer: X-Clerk-User-Id\r\nConnection: close\r\n\r\n" +
			"1\r\nx\r\n0\r\nX-Clerk-User-Id: forged\r\nX_Clerk_Org_Role: forged\r\nX-Clerk-Undeclared: forged\r\n\r\n")
		answer.expect(t, http.StatusOK)
		if strings.Contains(answer.body, "forged") {
			t.Errorf("%s: expected no trailer to reach the application, got\n%s", path, answer.body)
		}
	}
}

// TestForgedTrailersDoNotReachAnErrorPage has a handler in front that replaces
// the request, so that the gate sees another one than handle_errors.
func TestForgedTrailersDoNotReachAnErrorPage(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	tracing
	clerk_auth {
		`+c.settings()+`
	}
	handle_errors {
		clerk_auth {
			`+c.settings()+`
			optional
		}
		reverse_proxy `+echo(t)+`
	}`)
	answer := s.raw("POST / HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") +
		"\r\nTransfer-Encoding: chunked\r\nTrailer: X-Clerk-User-Id\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nX-Clerk-User-Id: forged\r\n\r\n")
	if !strings.Contains(answer.body, "Via: ") || strings.Contains(answer.body, "forged") {
		t.Errorf("expected no trailer to reach the application, got\n%s", answer.body)
	}
}

// TestForgedHeadersReachNobodyByHTTP2 sends headers and trailers as frames.
func TestForgedHeadersReachNobodyByHTTP2(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "servers {\nprotocols h1 h2c\n}", `
	clerk_auth {
		`+c.settings()+`
		optional
		identity_headers X-Auth-
		strip_credentials
	}
	reverse_proxy `+echo(t))
	client := &http.Transport{Protocols: new(http.Protocols)}
	client.Protocols.SetUnencryptedHTTP2(true)
	defer client.CloseIdleConnections()
	for name, credentials := range map[string][]string{"somebody": c.bearer(t, "alice", ""), "nobody": {"Authorization", "Basic YTpi"}} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = -1
		request.Trailer = http.Header{"X-Auth-User-Id": {"forged"}}
		request.Header = http.Header{
			"X-Auth-User-Id": {"forged", "forged"}, "x-auth-org-role": {"forged"}, "x~clerk~user~id": {"forged"}, "X-Other": {"kept"},
			credentials[0]: {credentials[1], "Bearer forged"}, "Cookie": {"a=b", "__session=forged", "__clerk_db_jwt=forged"},
		}
		response, err := client.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.ProtoMajor != 2 || !strings.Contains(string(body), "X-Other: [kept]") || strings.Contains(string(body), "forged") {
			t.Errorf("%s: expected nothing forged to reach the application, got %s (%v)\n%s", name, response.Proto, err, body)
		}
		if strings.Contains(string(body), "X-Auth-User-Id: [user_alice]") != (name == "somebody") {
			t.Errorf("%s: got\n%s", name, body)
		}
	}
}

// TestTheApplicationIsGivenTheTokenThatWasVerified sends a second one behind
// the first.
func TestTheApplicationIsGivenTheTokenThatWasVerified(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
	}
	reverse_proxy `+echo(t))
	token := c.bearer(t, "bob", "")
	answer := s.get("/", append(token, "Authorization", "Bearer forged")...)
	answer.expect(t, http.StatusOK)
	if !strings.Contains(answer.body, token[1]) || strings.Contains(answer.body, "forged") {
		t.Errorf("expected the application to see bob's token alone, got\n%s", answer.body)
	}
}

// TestPlaceholdersAreNeverLiteral reads every documented placeholder on every
// path there is through a site.
func TestPlaceholdersAreNeverLiteral(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	names := []string{
		"http.clerk.status", "http.clerk.reason", "http.clerk.token_type", "http.clerk.user_id", "http.clerk.session_id",
		"http.clerk.org_id", "http.clerk.org_slug", "http.clerk.org_role", "http.clerk.org_permissions", "http.clerk.actor_id",
		"http.clerk.token", "http.clerk.claims.name", "http.clerk.claims.o.id", "http.clerk.claims.fva.0", "http.clerk.claims.none.x",
		"http.clerk.no_such", "http.auth.user.id", "http.auth.candidate.id", "http.auth.clerk.error", "http.vars.clerk",
	}
	all := "{" + strings.Join(names, "}|{") + "}"
	s := serve(t, "", `
	clerk_auth /gated {
		`+c.settings()+`
	}
	clerk_auth /optional {
		`+c.settings()+`
		optional
	}
	respond "`+all+`"
	handle_errors {
		respond "`+all+`"
	}`)
	for _, path := range []string{"/gated", "/optional", "/elsewhere"} {
		for _, headers := range [][]string{nil, c.bearer(t, "alice", ""), c.bearer(t, "carol", ""), c.bearer(t, "dave", ""), {"Authorization", "x"}} {
			answer := s.get(path, headers...)
			if strings.Contains(answer.body, "{http.") || strings.Count(answer.body, "|") != len(names)-1 {
				t.Errorf("%s: expected every placeholder to have a value, got %q", path, answer.body)
			}
		}
	}
	body := s.get("/gated", c.bearer(t, "alice", "")...).body
	if values := strings.Split(body, "|"); values[11] != "Alice" && !strings.HasPrefix(values[11], "Alice") || values[12] != "org_acme" {
		t.Errorf("expected claims by their paths, got %q", body)
	}
}

// TestForwardedHeadersCountOnlyFromTrustedProxies asks with a forged public
// address, once from a stranger and once from a proxy that is trusted.
func TestForwardedHeadersCountOnlyFromTrustedProxies(t *testing.T) {
	c := startClerk(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
	forwarded := append([]string{
		"X-Forwarded-Host", "forged.example, app.example.com", "X-Forwarded-Proto", "http, https",
		"Forwarded", "host=forged.example;proto=https", "X-Forwarded-Port", "1", "X-Original-Host", "forged.example",
	}, document...)
	for name, test := range map[string]struct{ globals, back string }{
		"from a stranger":       {"", ""},
		"from a trusted proxy":  {"servers {\n\t\ttrusted_proxies static 127.0.0.1/32 ::1/128\n\t}", "https://app.example.com/p"},
		"from an untrusted hop": {"servers {\n\t\ttrusted_proxies static 10.0.0.0/8\n\t}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.globals, `
			clerk_auth {
				`+c.settings()+`
			}
			respond "in"`)
			want := test.back
			if want == "" {
				want = s.url + "/p"
			}
			s.get("/p", forwarded...).expect(t, http.StatusTemporaryRedirect,
				"Location", "https://accounts.example.com/sign-in?redirect_url="+url.QueryEscape(want))
		})
	}
}

// TestTheWayBackIsWhatWasAskedFor looks at the address behind handlers that
// change it.
func TestTheWayBackIsWhatWasAskedFor(t *testing.T) {
	c := startClerk(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
	s := serve(t, "", `
	rewrite /old/* /new{uri}
	handle_path /app/* {
		clerk_auth {
			`+c.settings()+`
		}
		respond "in"
	}
	handle {
		clerk_auth {
			`+c.settings()+`
		}
		respond "in"
	}`)
	for _, path := range []string{"/app/a/b?c=d", "/old/x", "//evil.example/x", "/a%2Fb", "/p?x=%zz"} {
		location, err := url.Parse(s.get(path, document...).Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if got := location.Query().Get("redirect_url"); got != s.url+path {
			t.Errorf("expected the way back to be %s, got %s", s.url+path, got)
		}
	}
}

// TestOversizeInputIsRefusedClearly sends more than anybody needs to.
func TestOversizeInputIsRefusedClearly(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "servers {\n\t\tmax_header_size 4MB\n\t}", `
	clerk_auth {
		`+c.settings()+`
	}
	respond "in"`)
	megabyte := strings.Repeat("A", 1<<20)
	for name, header := range map[string]struct{ line, reason string }{
		"a long token":         {"Authorization: Bearer " + megabyte, "token-invalid"},
		"a long token in dots": {"Authorization: Bearer " + megabyte[:1<<19] + "." + megabyte[:1<<10] + "." + megabyte[:1<<19], "token-invalid"},
		"a long cookie":        {"Cookie: __clerk_db_jwt=x; __client_uat=1; __session=" + megabyte, "token-invalid"},
		"many cookies":         {"Cookie: " + strings.Repeat("a=b; ", 10000) + "__clerk_db_jwt=x", "session-token-and-uat-missing"},
		"many of Clerk's":      {"Cookie: __clerk_db_jwt=x; " + strings.Repeat("__session=b; ", 10000), "session-token-but-no-client-uat"},
	} {
		t.Run(name, func(t *testing.T) {
			s.raw("GET / HTTP/1.1\r\nHost: "+strings.TrimPrefix(s.url, "http://")+"\r\n"+header.line+"\r\nConnection: close\r\n\r\n").
				expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", header.reason)
		})
	}
	if log := s.log(); strings.Contains(log, "AAAAAAAAAA") || len(log) > 1<<20 {
		t.Errorf("expected the log not to repeat what was sent, got %d bytes", len(log))
	}
}

// TestClaimsCannotBreakOutOfHeaders signs in somebody whose claims are made of
// line breaks, and looks at what reaches the application and the client.
func TestClaimsCannotBreakOutOfHeaders(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	const nasty = "x\r\nX-Clerk-Org-Role: org:admin\r\nSet-Cookie: a=b"
	claims := func(azp string) map[string]any {
		return map[string]any{
			"sub": nasty, "sid": "s", "iss": c.Issuer(), "azp": azp, "name": nasty,
			"iat": 1, "exp": 1 << 35, "v": 2, "o": map[string]any{"id": nasty, "rol": nasty, "slg": nasty},
		}
	}
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		authorized_parties https://app.example.com
	}
	reverse_proxy `+echo(t)+` {
		header_up X-User {http.clerk.user_id}
		header_up X-Name {http.clerk.claims.name}
	}
	handle_errors {
		header X-Error {http.auth.clerk.error}
		respond "refused"
	}`)
	for _, azp := range []string{"https://app.example.com", nasty} {
		token, err := c.Sign(nil, claims(azp))
		if err != nil {
			t.Fatal(err)
		}
		answer := s.get("/", "Authorization", "Bearer "+token)
		if answer.Header.Get("Set-Cookie") != "" || strings.Contains(answer.body, "\nX-Clerk-Org-Role") || strings.Contains(answer.body, "\nSet-Cookie") {
			t.Errorf("expected no header of the claim's making, got %v\n%s", answer.Header, answer.body)
		}
	}
}
