// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// verbatim is an application that answers with what reaches it, to the byte,
// since net/http would have headers look alike that do not.
func verbatim(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerVerbatim(conn)
		}
	}()
	return listener.Addr().String()
}

// answerVerbatim reads a request up to the end of its headers, or of its
// trailers if its body comes in chunks.
func answerVerbatim(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	var seen strings.Builder
	chunked := false
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		seen.WriteString(line)
		chunked = chunked || strings.EqualFold(line, "Transfer-Encoding: chunked\r\n")
		if line == "\r\n" && (!chunked || strings.Contains(seen.String(), "\r\n0\r\n")) {
			break
		}
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", seen.Len(), seen.String())
}

// ask sends a request whose header lines are as given.
func (s *site) ask(method, path, lines string) answer {
	s.t.Helper()
	return s.raw(method + " " + path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\n" + lines + "Connection: close\r\n\r\n")
}

// line gives a header line of a request as get takes it.
func line(header []string) string { return header[0] + ": " + header[1] + "\r\n" }

// fields gives the headers that reached verbatim, by their names in lower case.
func fields(t *testing.T, seen string) map[string][]string {
	t.Helper()
	fields := make(map[string][]string)
	for header := range strings.SplitSeq(seen, "\r\n") {
		if name, value, ok := strings.Cut(header, ": "); ok {
			name = strings.ToLower(name)
			fields[name] = append(fields[name], value)
		}
	}
	return fields
}

// expectFields checks headers that reached verbatim, given as name and value in
// turn; empty means that there is none.
func expectFields(t *testing.T, seen string, headers ...string) {
	t.Helper()
	got := fields(t, seen)
	for i := 0; i < len(headers); i += 2 {
		var want []string
		if headers[i+1] != "" {
			want = []string{headers[i+1]}
		}
		if values := got[strings.ToLower(headers[i])]; !slices.Equal(values, want) {
			t.Errorf("expected %s: %q, got %q", headers[i], want, values)
		}
	}
}

// spellings are what an application may take for X-Auth-User-Id, which a prefix
// covers, or for X-WEBAUTH-USER, which a name does.
var spellings = map[string][]string{
	// Caddy lets these through.
	"as they come": {
		"X-Auth-User-Id", "x-auth-user-id", "X-AUTH-USER-ID", "x-AuTh-uSeR-iD", "X-Auth-", "X-Auth-Anything", "X-Auth-Org-Role",
		"x-auth-org-permissions", "X~Auth~User~Id", "X!Auth-User-Id", "X-Auth+User-Id", "X#Auth$User%Id", "X'Auth`User|Id",
		"X*Auth*User*Id", "X&Auth^User-Id", "X-WEBAUTH-USER", "x-webauth-user", "X-Webauth-User", "X+WEBAUTH+USER",
		"X-WebAuth~User", "X-Clerk-User-Id", "x-clerk-org-role", "X~Clerk~User~Id",
	},
	// It drops these unless it is told not to.
	"underscores and dots": {
		"X_Auth_User_Id", "x_auth_user_id", "X_AUTH_USER_ID", "X-Auth_User-Id", "X_Auth-User-Id", "X-Auth-User_Id",
		"X.Auth.User.Id", "X-Auth.User-Id", "x.auth.user.id", "X_WEBAUTH_USER", "x_webauth-user", "X.WEBAUTH.USER",
		"X-Webauth.User", "X_Clerk_User_Id", "X.Clerk.User.Id", "X_Auth.User_Id", "X.Auth_User-Id",
	},
}

// letThrough has Caddy pass on the spellings that it would drop.
func letThrough(names []string) string {
	var underscores, dots string
	for _, name := range names {
		if strings.Contains(name, "_") {
			underscores += " " + name
		}
		if strings.Contains(name, ".") {
			dots += " " + name
		}
	}
	if underscores+dots == "" {
		return ""
	}
	return "servers {\n\t\texpected_underscore_headers" + underscores + "\n\t\texpected_dot_headers" + dots + "\n\t}"
}

// TestForgedHeadersOfEveryGateReachNobody sends each spelling on every path
// there is through a site: gated, optional, left out by the matchers, and to
// the error page. One block without a gate shows that they would arrive.
func TestForgedHeadersOfEveryGateReachNobody(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	alice, dave := line(c.bearer(t, "alice", "")), line(c.bearer(t, "dave", ""))
	visits := []struct{ path, credentials string }{
		{"/gated", ""},
		{"/gated", alice},
		{"/gated", dave},
		{"/optional", ""},
		{"/optional", alice},
		{"/optional", dave},
		{"/optional", "Authorization: Bearer forged\r\n"},
		{"/elsewhere", ""},
		{"/elsewhere", alice},
		{"/error", ""},
	}
	for name, names := range spellings {
		t.Run(name, func(t *testing.T) {
			application := verbatim(t)
			s := serve(t, letThrough(names), `
			handle /plain {
				reverse_proxy `+application+`
			}
			handle {
				clerk_auth /gated {
					`+c.settings()+`
					identity_headers X-Auth-
				}
				clerk_auth /optional {
					`+c.settings()+`
					optional
					identity_headers {
						X-WEBAUTH-USER {http.clerk.user_id}
					}
				}
				error /error 418
				reverse_proxy `+application+`
			}
			handle_errors {
				reverse_proxy `+application+`
			}`)
			for _, spelling := range names {
				forged := spelling + ": forged\r\n"
				if answer := s.ask(http.MethodGet, "/plain", forged); !strings.Contains(answer.body, "forged") {
					t.Errorf("expected %s to pass where there is no gate, got\n%s", spelling, answer.body)
				}
				for _, visit := range visits {
					answer := s.ask(http.MethodGet, visit.path, visit.credentials+forged)
					seen := strings.ReplaceAll(answer.body, "Bearer forged", "")
					if !strings.HasPrefix(seen, "GET "+visit.path) || strings.Contains(seen, "forged") {
						t.Errorf("%s: expected %s not to reach the application, got\n%s", visit.path, spelling, answer.body)
					}
				}
			}
		})
	}
}

// TestForgedHeadersInOddFormsReachNobody sends what is not one line of one
// header.
func TestForgedHeadersInOddFormsReachNobody(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		optional
		identity_headers X-Auth-
	}
	reverse_proxy `+verbatim(t))
	alice := line(c.bearer(t, "alice", ""))
	chunked := "Transfer-Encoding: chunked\r\nTrailer: X-Auth-User-Id, X-Auth-Actor-Id\r\n"
	trailers := "1\r\nx\r\n0\r\nX-Auth-User-Id: forged\r\nX_Auth_Org_Role: forged\r\nX-Auth-Actor-Id: forged\r\n\r\n"
	for name, lines := range map[string]string{
		"twice":                   "X-Auth-User-Id: forged\r\nX-Auth-User-Id: forged\r\n",
		"folded":                  "X-Auth-User-Id:\r\n forged\r\n",
		"folded into another one": "X-Other: a\r\n X-Auth-User-Id: forged\r\n",
		"after a bare line feed":  "X-Other: a\nX-Auth-User-Id: forged\r\n",
		"with blanks":             "X-Auth-User-Id: \t forged \t \r\n",
		"blanks before the colon": "X-Auth-User-Id : forged\r\n",
		"a bare carriage return":  "X-Other: a\rX-Auth-User-Id: forged\r\n",
		"a zero byte":             "X-Auth-User-Id\x00: forged\r\n",
		"trailers":                chunked,
	} {
		t.Run(name, func(t *testing.T) {
			for _, credentials := range []string{"", alice} {
				request := "POST / HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\n" + credentials + lines + "Connection: close\r\n\r\n"
				if lines == chunked {
					request += trailers
				}
				answer := s.raw(request)
				if answer.StatusCode == http.StatusBadRequest {
					continue
				}
				answer.expect(t, http.StatusOK)
				want := "user_alice"
				if credentials == "" {
					want = ""
				}
				expectFields(t, answer.body, "X-Auth-User-Id", want, "X_Auth_Org_Role", "", "X-Auth-Actor-Id", "", "X-Auth-User-Id ", "")
				if strings.Contains(strings.ReplaceAll(answer.body, "X-Other: a X-Auth-User-Id: forged", ""), "forged") {
					t.Errorf("expected nothing forged but in the value of X-Other, got\n%s", answer.body)
				}
			}
		})
	}
}

// TestErrorsBeforeAGateCanHaveAGateOfTheirOwn is what docs/security.md says of
// them.
func TestErrorsBeforeAGateCanHaveAGateOfTheirOwn(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	root /no/such/directory
	try_files {path} =404
	clerk_auth {
		`+c.settings()+`
		identity_headers X-Auth-
	}
	handle_errors {
		clerk_auth {
			`+c.settings()+`
			optional
			identity_headers X-Auth-
		}
		reverse_proxy `+verbatim(t)+`
	}`)
	const forged = "X-Auth-User-Id: forged\r\nX-Auth-Org-Id: forged\r\n"
	expectFields(t, s.ask(http.MethodGet, "/", forged).body, "X-Auth-User-Id", "", "X-Auth-Org-Id", "")
	expectFields(t, s.ask(http.MethodGet, "/", forged+line(c.bearer(t, "carol", ""))).body, "X-Auth-User-Id", "user_carol", "X-Auth-Org-Id", "")
}

// TestTheApplicationIsToldWhoIsSignedIn reads the headers of each form.
func TestTheApplicationIsToldWhoIsSignedIn(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth /prefix {
		`+c.settings()+`
		optional
		identity_headers X-Auth-
	}
	clerk_auth /default {
		`+c.settings()+`
		optional
		identity_headers
	}
	clerk_auth /block {
		`+c.settings()+`
		optional
		identity_headers {
			X-WEBAUTH-USER {http.clerk.user_id}
			Remote-Groups "{http.clerk.org_slug} {http.clerk.org_role}"
			Remote-Path {http.request.uri.query.p}
			Remote-Name {http.clerk.claims.no_such}
		}
	}
	reverse_proxy `+verbatim(t))
	for name, test := range map[string]struct {
		path, user string
		want       []string
	}{
		"a prefix": {"/prefix", "alice", []string{
			"X-Auth-User-Id", "user_alice", "X-Auth-Org-Id", "org_acme", "X-Auth-Org-Slug", "acme", "X-Auth-Org-Role", "org:admin",
			"X-Auth-Org-Permissions", "org:dashboard:manage,org:dashboard:read,org:teams:manage,org:teams:read",
			"X-Auth-Token-Type", "session_token", "X-Auth-Actor-Id", "", "X-Clerk-User-Id", "",
		}},
		"the default": {"/default", "alice", []string{"X-Clerk-User-Id", "user_alice", "X-Clerk-Token-Type", "session_token", "X-Auth-User-Id", ""}},
		"nothing of an organization": {"/prefix", "carol", []string{
			"X-Auth-User-Id", "user_carol", "X-Auth-Org-Id", "", "X-Auth-Org-Slug", "", "X-Auth-Org-Role", "", "X-Auth-Org-Permissions", "",
		}},
		"a block": {"/block?p=%20Zo%C3%AB%0d%0aX-Forged:%20100%25%ff", "alice", []string{
			"X-WEBAUTH-USER", "user_alice", "Remote-Groups", "acme org:admin", "Remote-Path", "%20Zo%C3%AB%0D%0AX-Forged: 100%25%FF",
			"Remote-Name", "", "X-Forged", "", "X-Clerk-User-Id", "",
		}},
		"a pending session": {"/block", "dave", []string{"X-WEBAUTH-USER", "", "Remote-Groups", ""}},
		"nobody":            {"/block?p=x", "", []string{"X-WEBAUTH-USER", "", "Remote-Groups", "", "Remote-Path", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if test.user != "" {
				headers = c.bearer(t, test.user, "")
			}
			answer := s.get(test.path, headers...)
			answer.expect(t, http.StatusOK)
			expectFields(t, answer.body, test.want...)
		})
	}
	if id := fields(t, s.get("/prefix", c.bearer(t, "alice", "")...).body)["x-auth-session-id"]; len(id) != 1 || id[0] == "" {
		t.Errorf("expected a session ID, got %q", id)
	}
}

// TestAClientCannotHaveIdentityHeadersDropped names them in Connection, which
// has proxies remove them.
func TestAClientCannotHaveIdentityHeadersDropped(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		identity_headers {
			X-WEBAUTH-USER {http.clerk.user_id}
			X-Clerk-Org-Role {http.clerk.org_role}
		}
	}
	reverse_proxy `+verbatim(t))
	alice := line(c.bearer(t, "alice", ""))
	for _, connection := range []string{
		"Connection: X-Webauth-User\r\n",
		"Connection: close, x-webauth-user,X-CLERK-ORG-ROLE\r\n",
		"Connection: x_webauth_user, X-Webauth-User ,\tX-Clerk-Org-Role\r\nConnection: X-WEBAUTH-USER\r\n",
		"connection: ,,X-Webauth-User,,\r\nConnection: keep-alive\r\n",
	} {
		answer := s.ask(http.MethodGet, "/", alice+connection+"X-Mine: a\r\nConnection: X-Mine\r\n")
		answer.expect(t, http.StatusOK)
		expectFields(t, answer.body, "X-Webauth-User", "user_alice", "X-Clerk-Org-Role", "org:admin", "X-Mine", "")
	}
	answer := s.ask(http.MethodGet, "/", alice+"Connection: Upgrade, X-Webauth-User\r\nUpgrade: websocket\r\n")
	expectFields(t, answer.body, "Connection", "Upgrade", "Upgrade", "websocket", "X-Webauth-User", "user_alice")
}

// TestSeveralGatesSetTheirHeaders has requests meet gates whose names overlap.
func TestSeveralGatesSetTheirHeaders(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	route {
		clerk_auth /both/* {
			`+c.settings()+`
			identity_headers {
				X-User-Name {http.clerk.user_id}
				X-User-Org {http.clerk.org_id}
			}
		}
		request_header X-Clerk-Mine own
		clerk_auth {
			`+c.settings()+`
			optional
			identity_headers X-User-
		}
		clerk_auth /both/other {
			`+c.settings()+`
			clock_skew 7s
			optional
			accepts_token api_key
			identity_headers {
				X-User-Name {http.clerk.user_id}
			}
		}
		reverse_proxy `+verbatim(t)+`
	}`)
	alice := line(c.bearer(t, "alice", ""))
	const forged = "X-User-Name: forged\r\nX-User-Org: forged\r\nX-User-Id: forged\r\nX-User-User-Id: forged\r\nX-Clerk-Mine: forged\r\n"
	for path, want := range map[string][]string{
		"/both/one":   {"X-User-Name", "user_alice", "X-User-Org", "org_acme", "X-User-User-Id", "user_alice", "X-User-Id", "", "X-Clerk-Mine", "own"},
		"/both/other": {"X-User-Name", "", "X-User-Org", "org_acme", "X-User-User-Id", "user_alice", "X-User-Id", "", "X-Clerk-Mine", "own"},
		"/second":     {"X-User-Name", "", "X-User-Org", "", "X-User-User-Id", "user_alice", "X-User-Id", "", "X-Clerk-Mine", "own"},
	} {
		t.Run(path, func(t *testing.T) {
			answer := s.ask(http.MethodGet, path, alice+forged)
			answer.expect(t, http.StatusOK)
			expectFields(t, answer.body, want...)
		})
	}
}

// TestALongIdentityIsLeftOut and not cut, since that would be somebody else's.
func TestALongIdentityIsLeftOut(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		identity_headers {
			X-Name {http.clerk.claims.name}
			X-User {http.clerk.user_id}
		}
	}
	reverse_proxy `+verbatim(t))
	for name, want := range map[string]int{
		strings.Repeat("a", 4096): 4096,
		strings.Repeat("a", 4097): 0,
		strings.Repeat("ü", 682):  4092,
		strings.Repeat("ü", 683):  0,
	} {
		token, err := c.Sign(nil, map[string]any{"sub": "user_alice", "sid": "s", "iss": c.Issuer(), "iat": 1, "exp": 1 << 35, "name": name})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			answer := s.get("/", "Authorization", "Bearer "+token)
			answer.expect(t, http.StatusOK)
			expectFields(t, answer.body, "X-User", "user_alice")
			if got := strings.Join(fields(t, answer.body)["x-name"], ""); len(got) != want {
				t.Errorf("expected %d bytes, got %d", want, len(got))
			}
		}
	}
	if n := strings.Count(s.log(), "an identity header is left out"); n != 1 {
		t.Errorf("expected one line in the log, got %d", n)
	}
}

// cookieLine are cookies of two instances among others.
func cookieLine(c *clerk, session string) string {
	return `theme="a b"; ` + both(c, "__session", session) + both(c, "__client_uat", "1") + both(c, "__clerk_db_jwt", "x") +
		both(c, "__refresh", "r") + "__client=secret;  __session_AbCd-_01=other; __clerk_handshake_nonce=n;odd; =x; __sessions=mine"
}

// TestCredentialsDoNotReachTheApplication looks for them on each path where a
// gate is met, and for everything else that was sent.
func TestCredentialsDoNotReachTheApplication(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	application := verbatim(t)
	s := serve(t, "", `
	clerk_auth /gated/* {
		`+c.settings()+`
		strip_credentials
		signed_out 401
	}
	clerk_auth /optional {
		`+c.settings()+`
		strip_credentials
		optional
	}
	clerk_auth /unjudged/* {
		`+c.settings()+`
		strip_credentials
		preflight pass
		sign_out /unjudged/sign-out
	}
	reverse_proxy `+application+`
	handle_errors {
		reverse_proxy `+application+`
	}`)
	token, err := c.Token("alice", "")
	if err != nil {
		t.Fatal(err)
	}
	const kept = `theme="a b";odd; =x; __sessions=mine`
	cookies := cookieLine(c, token)
	for name, test := range map[string]struct {
		path, lines string
		want        []string
	}{
		"signed in by a cookie":    {"/gated/a", "Cookie: " + cookies + "\r\nAuthorization: Basic YTpi\r\n", []string{"Cookie", kept, "Authorization", "Basic YTpi"}},
		"signed in by a token":     {"/gated/a", "Cookie: a=b\r\nAuthorization: Bearer " + token + "\r\n", []string{"Cookie", "a=b", "Authorization", ""}},
		"a token without a scheme": {"/gated/a", "Authorization: " + token + "\r\n", []string{"Cookie", "", "Authorization", ""}},
		"optional":                 {"/optional", "Cookie: " + cookies + "\r\n", []string{"Cookie", kept}},
		"the application's token":  {"/optional", "Cookie: __session=x\r\nAuthorization: Bearer app_123\r\n", []string{"Cookie", "", "Authorization", "Bearer app_123"}},
		"refused":                  {"/gated/a", "Cookie: __session=x; a=b\r\n", []string{"Cookie", "a=b"}},
		"left out by the matcher":  {"/elsewhere", "Cookie: __session=x; a=b\r\n", []string{"Cookie", "__session=x; a=b"}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := s.ask(http.MethodGet, test.path, test.lines)
			if !strings.HasPrefix(answer.body, "GET "+test.path) {
				t.Fatalf("expected the application to be asked, got %d %s", answer.StatusCode, answer.body)
			}
			expectFields(t, answer.body, test.want...)
		})
	}
	for method, test := range map[string]struct{ path, lines string }{
		http.MethodOptions: {"/unjudged/a", "Origin: https://x.example\r\nAccess-Control-Request-Method: GET\r\n"},
		http.MethodPost:    {"/unjudged/sign-out", "Origin: https://x.example\r\n"},
		http.MethodPut:     {"/unjudged/sign-out", ""},
	} {
		answer := s.ask(method, test.path, test.lines+"Cookie: "+cookies+"\r\n")
		if !strings.HasPrefix(answer.body, method+" "+test.path) {
			t.Errorf("expected the application to be asked, got %d %s", answer.StatusCode, answer.body)
		}
		expectFields(t, answer.body, "Cookie", kept)
	}
	answer := s.ask(http.MethodGet, "/gated/a", "Cookie: __session=x\r\nAuthorization: Bearer x\r\n")
	answer.expect(t, http.StatusOK, "WWW-Authenticate", `Bearer realm="clerk", error="invalid_token", error_description="token-invalid"`)
}

// TestStrippedCredentialsStillCountAtTheNextGate has a second gate with
// settings of its own, by cookie and by token.
func TestStrippedCredentialsStillCountAtTheNextGate(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	route {
		clerk_auth {
			`+c.settings()+`
			strip_credentials
		}
		clerk_auth {
			`+c.settings()+`
			clock_skew 7s
			identity_headers
		}
		clerk_auth /strict {
			`+c.settings()+`
			authorized_parties https://elsewhere.example
			signed_out 401
		}
		reverse_proxy `+verbatim(t)+`
	}`)
	token, err := c.Token("alice", s.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, lines := range []string{"Cookie: " + cookieLine(c, token) + "\r\n", "Authorization: Bearer " + token + "\r\n"} {
		answer := s.ask(http.MethodGet, "/", lines)
		answer.expect(t, http.StatusOK)
		expectFields(t, answer.body, "X-Clerk-User-Id", "user_alice", "Authorization", "")
		if strings.Contains(answer.body, token) {
			t.Errorf("expected the token not to reach the application, got\n%s", answer.body)
		}
		s.ask(http.MethodGet, "/strict", lines).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "token-invalid-authorized-parties")
	}
	s.ask(http.MethodGet, "/strict", "Authorization: Bearer "+token+"\r\n").expect(t, http.StatusUnauthorized,
		"WWW-Authenticate", `Bearer realm="clerk", error="invalid_token", error_description="token-invalid-authorized-parties"`)
}

// TestWrongIdentityHeadersAreRefused holds the message for each mistake.
func TestWrongIdentityHeadersAreRefused(t *testing.T) {
	withoutEnvironment(t)
	taken := func(name string) string {
		return `identity_headers: ` + name + ` has a meaning of its own, and would be taken out of every request; choose another name, such as X-User-Id`
	}
	begins := func(prefix, name string) string {
		return `identity_headers: ` + prefix + ` also begins ` + name + `, which has a meaning of its own, and would be taken out of every request; choose another prefix, such as X-Auth-`
	}
	noName := func(name string) string {
		return `identity_headers: expected a header's name, of letters, digits and dashes, such as X-User-Id, got ` + strconv.Quote(name)
	}
	noPrefix := func(prefix string) string {
		return `identity_headers: expected a prefix that ends in a dash, such as X-Auth-, got ` + strconv.Quote(prefix)
	}
	prefixes := map[string]string{
		"X-Auth": noPrefix("X-Auth"), "X_Auth_": noPrefix("X_Auth_"), "-": noPrefix("-"), "X Auth-": noPrefix("X Auth-"), ":path-": noPrefix(":path-"),
		"X-": begins("X-", "X-Forwarded-For"), "x-forwarded-": begins("x-forwarded-", "X-Forwarded-For"), "Sec-": begins("Sec-", "Sec-*"),
		"Sec-Fetch-": begins("Sec-Fetch-", "Sec-*"), "Proxy-": begins("Proxy-", "Proxy-*"), "Content-": begins("Content-", "Content-*"),
		"Keep-": begins("Keep-", "Keep-Alive"), "X-Real-": begins("X-Real-", "X-Real-Ip"),
	}
	for _, prefix := range slices.Sorted(maps.Keys(prefixes)) {
		expectRefused(t, `identity_headers "`+prefix+`"`, prefixes[prefix])
	}
	names := map[string]string{":authority": noName(":authority"), "X User": noName("X User"), "X-Üser": noName("X-Üser")}
	for _, name := range []string{
		"Host", "cookie", "Authorization", "Proxy-Authorization", "Proxy_Connection", "CONNECTION", "Keep-Alive", "keep.alive", "TE",
		"Trailer", "Transfer-Encoding", "transfer_encoding", "Upgrade", "Set-Cookie", "Content-Length", "Content-Type", "Forwarded",
		"X-Forwarded-For", "x_forwarded_proto", "X-Real-IP", "Sec-Fetch-Dest", "Accept", "Origin",
	} {
		names[name] = taken(name)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		expectRefused(t, "identity_headers {\n\""+name+"\" {http.clerk.user_id}\n}", names[name])
	}
	expectRefused(t, "identity_headers {\nX-User {http.clerk.user_id}\nX_user {http.clerk.org_id}\n}",
		`identity_headers: X-User and X_user are one header to applications that take dashes, underscores and dots for each other; leave one of them out`)
	expectRefused(t, "identity_headers {\nX-User {http.clerk.userid}\n}",
		`identity_headers: X-User: there is no placeholder {http.clerk.userid}; under {http.clerk.*} there are claims.<path>, actor_id, client_id, grace, machine_id, org_id, org_permissions, org_role, org_slug, reason, scopes, session_id, status, token, token_type, user_id`)
}

// expectRefused provisions a gate, and looks for a message at the end of what
// is wrong with it.
func expectRefused(t *testing.T, setting, want string) {
	t.Helper()
	err := provision(t, "publishable_key "+testKey+"\n"+setting)
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%s: expected\n%s\ngot\n%v", setting, want, err)
	}
}

// TestIdentityHeadersInJSONAreCheckedToo is about what a Caddyfile cannot say.
func TestIdentityHeadersInJSONAreCheckedToo(t *testing.T) {
	withoutEnvironment(t)
	for handler, want := range map[string]string{
		`{"handler": "clerk_auth", "publishable_key": "` + testKey + `", "identity_headers": {"prefix": "X-Auth-", "headers": {"X-User": "{http.clerk.user_id}"}}}`: `identity_headers: expected a prefix or a block of headers, got both; leave one of them out`,
		`{"handler": "clerk_auth", "publishable_key": "` + testKey + `", "identity_headers": {"headers": {"X-User": ""}}}`:                                          `identity_headers: X-User: expected a value, such as {http.clerk.user_id}`,
	} {
		err := caddy.Validate(config(t, []byte(`{
			"admin": {"disabled": true},
			"storage": {"module": "file_system", "root": `+strconv.Quote(t.TempDir())+`},
			"logging": {"logs": {"default": {"writer": {"output": "discard"}}}},
			"apps": {"http": {"servers": {"s": {"routes": [{"handle": [`+handler+`]}]}}}}
		}`)))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: expected\n%s\ngot\n%v", handler, want, err)
		}
	}
}
