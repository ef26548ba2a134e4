// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// visit is a browser that went through a handshake: what it holds afterwards.
type visit struct{ browser, session, token, refresh string }

func visited(t *testing.T, e *Emulator, c *clock, user string) visit {
	t.Helper()
	browser := signedIn(t, e, c, user)
	redirect := site + "/?a"
	directives := payload(t, e, shake(e, browser, "nonce", redirect), redirect)
	v := visit{browser: browser, session: e.store.sessionOf(browser).id, token: lastSession(directives)}
	for _, directive := range directives {
		if value, ok := strings.CutPrefix(directive, "__refresh_"+e.CookieSuffix()+"="); ok {
			v.refresh, _, _ = strings.Cut(value, ";")
		}
	}
	if v.refresh == "" {
		t.Fatalf("no refresh token among %v", names(directives))
	}
	return v
}

// body is what Clerk's SDK sends, with changes; a nil value removes a member.
func (v visit) body(changes map[string]any) string {
	members := map[string]any{
		"format":          "cookie",
		"expired_token":   v.token,
		"refresh_token":   v.refresh,
		"request_origin":  "https://other.test",
		"request_headers": map[string][]string{"user-agent": {"a browser"}},
	}
	for name, value := range changes {
		members[name] = value
		if value == nil {
			delete(members, name)
		}
	}
	text, _ := json.Marshal(members)
	return string(text)
}

func renew(e *Emulator, session, text string) *http.Response {
	return call(e, "POST", "/v1/sessions/"+session+"/refresh?suffixed_cookies=true", withKey(e), withJSON(text))
}

func TestRefresh(t *testing.T) {
	for _, production := range []bool{false, true} {
		for _, origin := range []string{"https://other.test", "http://localhost:3000", "http://[::1]:8080"} {
			t.Run(fmt.Sprintf("production=%t,%s", production, origin), func(t *testing.T) {
				e, c := newTestEmulator(t, Options{Production: production})
				v := visited(t, e, c, "alice")
				c.advance(24 * time.Hour)
				for range 2 {
					response := renew(e, v.session, v.body(map[string]any{"request_origin": origin, "request_originating_ip": "192.0.2.1"}))
					directives := renewed(t, response)
					if got, want := names(directives), []string{"__session", "__session_" + e.CookieSuffix()}; !slices.Equal(got, want) {
						t.Fatalf("directives for %v, want %v", got, want)
					}
					checkAttributes(t, directives, strings.HasPrefix(origin, "https:"))
					claims := decode(t, verified(t, e, lastSession(directives)))
					if claims["sub"] != "user_alice" || claims["sid"] != v.session || claims["azp"] != origin || claims["iat"] != float64(c.now().Unix()) {
						t.Errorf("claims %v", claims)
					}
				}
			})
		}
	}
}

// renewed gives the directives of an answer that is as Clerk documents it.
func renewed(t *testing.T, response *http.Response) []string {
	t.Helper()
	var answer struct {
		Object  string   `json:"object"`
		Cookies []string `json:"cookies"`
	}
	text := body(t, response)
	if err := json.Unmarshal([]byte(text), &answer); err != nil || response.StatusCode != http.StatusOK || answer.Object != "cookies" {
		t.Fatalf("status %d, body %s", response.StatusCode, text)
	}
	return answer.Cookies
}

func TestRefreshWithoutSuffix(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	v := visited(t, e, c, "alice")
	response := call(e, "POST", "/v1/sessions/"+v.session+"/refresh", withKey(e), withJSON(v.body(map[string]any{"request_headers": nil})))
	if got := names(renewed(t, response)); !slices.Equal(got, []string{"__session"}) {
		t.Errorf("directives for %v, want __session alone", got)
	}
}

func TestRefreshFollowsTheSession(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	v := visited(t, e, c, "dave")
	claims := decode(t, verified(t, e, lastSession(renewed(t, renew(e, v.session, v.body(nil))))))
	if claims["sts"] != "pending" {
		t.Errorf("sts %v, want pending", claims["sts"])
	}
	call(e, "POST", "/sign-in/tasks", withForm(url.Values{"__clerk_db_jwt": {v.browser}}))
	claims = decode(t, verified(t, e, lastSession(renewed(t, renew(e, v.session, v.body(nil))))))
	if claims["sts"] != "active" || claims["o"] == nil {
		t.Errorf("claims %v, want an active session in the organization", claims)
	}
}

func TestRefreshTakesManyHeaders(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	v := visited(t, e, c, "alice")
	headers := map[string][]string{"cookie": {strings.Repeat("a", 64<<10)}}
	renewed(t, renew(e, v.session, v.body(map[string]any{"request_headers": headers})))
}

// TestRefreshOfOthers holds that a session is renewed only for the browser that
// has it, and only with a token of that session that the instance signed.
func TestRefreshOfOthers(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	alice, bob := visited(t, e, c, "alice"), visited(t, e, c, "bob")
	sign := func(e *Emulator, header, claims map[string]any) string {
		token, err := e.Sign(header, claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	foreign, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	mine := map[string]any{"sub": "user_alice", "sid": alice.session}
	parts := strings.Split(alice.token, ".")
	direct, err := e.Token("alice", site)
	if err != nil {
		t.Fatal(err)
	}
	directSession, _ := decode(t, verified(t, e, direct))["sid"].(string)

	for name, attempt := range map[string]struct {
		session string
		changes map[string]any
		code    string
	}{
		"refresh token of another browser": {alice.session, map[string]any{"refresh_token": bob.refresh}, "refresh_token_invalid"},
		"unknown refresh token":            {alice.session, map[string]any{"refresh_token": "A" + alice.refresh}, "refresh_token_invalid"},
		"no refresh token":                 {alice.session, map[string]any{"refresh_token": nil}, "refresh_token_invalid"},
		"browser as refresh token":         {alice.session, map[string]any{"refresh_token": alice.browser}, "refresh_token_invalid"},
		"session without a browser":        {directSession, map[string]any{"expired_token": direct}, "refresh_token_invalid"},
		"session of another":               {bob.session, nil, "expired_token_invalid"},
		"session of another, their token":  {bob.session, map[string]any{"expired_token": bob.token}, "refresh_token_invalid"},
		"expired token of another":         {alice.session, map[string]any{"expired_token": bob.token}, "expired_token_invalid"},
		"unknown session":                  {"sess_unknown", nil, "expired_token_invalid"},
		"no session":                       {"", map[string]any{"expired_token": sign(e, nil, map[string]any{"sub": "user_alice"})}, "expired_token_invalid"},
		"empty session":                    {"", map[string]any{"expired_token": sign(e, nil, map[string]any{"sid": ""})}, "expired_token_invalid"},
		"the table's name for a session":   {"%7Bid%7D", nil, "expired_token_invalid"},
		"no expired token":                 {alice.session, map[string]any{"expired_token": nil}, "expired_token_invalid"},
		"token of another instance":        {alice.session, map[string]any{"expired_token": sign(foreign, map[string]any{"kid": e.KeyID()}, mine)}, "expired_token_invalid"},
		"token without a signature":        {alice.session, map[string]any{"expired_token": parts[0] + "." + parts[1] + "."}, "expired_token_invalid"},
		"token with another's signature":   {alice.session, map[string]any{"expired_token": parts[0] + "." + parts[1] + "." + strings.Split(bob.token, ".")[2]}, "expired_token_invalid"},
		"token of two parts":               {alice.session, map[string]any{"expired_token": parts[0] + "." + parts[1]}, "expired_token_invalid"},
		"token that is JSON": {
			alice.session,
			map[string]any{"expired_token": fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2])},
			"expired_token_invalid",
		},
		"session that is no text": {alice.session, map[string]any{"expired_token": sign(e, nil, map[string]any{"sid": []string{alice.session}})}, "expired_token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			response := renew(e, attempt.session, alice.body(attempt.changes))
			checkRefusal(t, response, http.StatusUnauthorized, attempt.code, alice, bob)
		})
	}
	renewed(t, renew(e, alice.session, alice.body(nil)))
}

// checkRefusal also holds that the answer repeats no credential.
func checkRefusal(t *testing.T, response *http.Response, status int, code string, visits ...visit) {
	t.Helper()
	text := body(t, response)
	if response.StatusCode != status || !strings.HasPrefix(text, `{"errors":[{"code":"`+code+`","message":`) {
		t.Errorf("status %d, want %d with %s: %s", response.StatusCode, status, code, text)
	}
	for _, v := range visits {
		if strings.Contains(text, v.token) || strings.Contains(text, v.refresh) {
			t.Errorf("body %s", text)
		}
	}
}

func TestRefreshAfterTheSession(t *testing.T) {
	for _, production := range []bool{false, true} {
		for name, end := range map[string]func(e *Emulator, as func(*http.Request)){
			"signed out": func(e *Emulator, as func(*http.Request)) { call(e, "POST", "/sign-out", as) },
			"signed in as other": func(e *Emulator, as func(*http.Request)) {
				call(e, "POST", "/sign-in", as, withForm(url.Values{"user": {"bob"}}))
			},
			"signed in anew": func(e *Emulator, as func(*http.Request)) {
				call(e, "POST", "/sign-in", as, withForm(url.Values{"user": {"alice"}}))
			},
		} {
			t.Run(fmt.Sprintf("production=%t,%s", production, name), func(t *testing.T) {
				e, c := newTestEmulator(t, Options{Production: production})
				v := visited(t, e, c, "alice")
				as := withCookie(cookieDevBrowser, v.browser)
				if production {
					as = withCookie(cookieClient, v.browser)
				}
				end(e, as)
				checkRefusal(t, renew(e, v.session, v.body(nil)), http.StatusUnauthorized, "refresh_token_invalid", v)
			})
		}
	}
}

func TestRefreshRefusals(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	v := visited(t, e, c, "alice")
	for name, attempt := range map[string]struct {
		status int
		code   string
		body   string
	}{
		"no body":          {400, "request_body_invalid", ""},
		"form":             {400, "request_body_invalid", "refresh_token=" + v.refresh},
		"list":             {400, "request_body_invalid", "[]"},
		"unknown member":   {400, "request_body_invalid", v.body(map[string]any{"user_id": "user_bob"})},
		"headers as text":  {400, "request_body_invalid", v.body(map[string]any{"request_headers": map[string]string{"a": "b"}})},
		"more after it":    {400, "request_body_invalid", v.body(nil) + "{}"},
		"huge body":        {400, "request_body_invalid", v.body(map[string]any{"request_originating_ip": strings.Repeat("a", maxBody)})},
		"null":             {422, "format_invalid", "null"},
		"no format":        {422, "format_invalid", v.body(map[string]any{"format": nil})},
		"other format":     {422, "format_invalid", v.body(map[string]any{"format": "token"})},
		"no origin":        {422, "request_origin_invalid", v.body(map[string]any{"request_origin": nil})},
		"null origin":      {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "null"})},
		"address":          {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "https://other.test/"})},
		"other scheme":     {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "file://other.test"})},
		"upper case":       {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "https://Other.test"})},
		"default port":     {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "https://other.test:443"})},
		"user information": {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "https://a@other.test"})},
		"line break":       {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "https://other.test\r\nSet-Cookie: a=b"})},
		"long origin":      {422, "request_origin_invalid", v.body(map[string]any{"request_origin": "https://" + strings.Repeat("a", maxValue)})},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, renew(e, v.session, attempt.body), attempt.status, attempt.code, v)
		})
	}
	path := "/v1/sessions/" + v.session + "/refresh"
	for _, key := range []string{"", "Bearer sk_test_other", "Bearer " + v.token, e.SecretKey()} {
		checkRefusal(t, call(e, "POST", path, withHeader("Authorization", key), withJSON(v.body(nil))), http.StatusUnauthorized, "clerk_key_invalid", v)
	}
	checkRefusal(t, call(e, "POST", path+"?a=%zz", withKey(e), withJSON(v.body(nil))), http.StatusBadRequest, "request_invalid", v)
}
