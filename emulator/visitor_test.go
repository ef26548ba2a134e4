// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// frontendCalls is every request of Clerk's client that asks for one browser's
// affairs, and the method that it is sent with.
func frontendCalls(session, attempt string) map[string]string {
	return map[string]string{
		"/client":          "GET",
		"/client/sign_ins": "POST",
		"/client/sign_ins/" + attempt + "/attempt_first_factor": "POST",
		"/client/sessions?_method=DELETE":                       "POST",
		"/client/sessions/" + session:                           "GET",
		"/client/sessions/" + session + "?_method=DELETE":       "POST",
		"/client/sessions/" + session + "/touch":                "POST",
		"/client/sessions/" + session + "/tokens":               "POST",
		"/client/sessions/" + session + "/tokens/any":           "POST",
		"/client/sessions/" + session + "/remove":               "POST",
		"/client/sessions/" + session + "/end":                  "POST",
		"/me/organization_memberships":                          "GET",
	}
}

var everyForm = url.Values{"strategy": {"password"}, "identifier": {"bob"}, "password": {Password}, "active_organization_id": {""}}

// A page of another site makes the browser send what it likes, cookies and all.
func TestOtherSitesDoNothingToAProductionClient(t *testing.T) {
	e, _ := newTestEmulator(t, Options{Production: true})
	p := openPage(t, e)
	session := p.signIn("alice")
	begun, _ := p.post("/client/sign_ins", url.Values{"identifier": {"carol"}}).at("response.id").(string)
	before := e.store.clientOf(p.cookies["__client"])
	for name, change := range map[string][]func(*http.Request){
		"cross-site":         {withHeader("Sec-Fetch-Site", "cross-site"), withHeader("Origin", "https://evil.example")},
		"same-site":          {withHeader("Sec-Fetch-Site", "same-site"), withHeader("Origin", "http://other.app.test")},
		"own origin claimed": {withHeader("Sec-Fetch-Site", "cross-site"), withHeader("Origin", site)},
		"old browser":        {withHeader("Origin", "https://evil.example")},
		"other scheme":       {withHeader("Origin", "https://app.test")},
		"other port":         {withHeader("Origin", "http://app.test:8080")},
		"sandboxed":          {withHeader("Origin", "null")},
		"no origin":          {withHeader("Sec-Fetch-Site", "cross-site")},
		"no word":            {withHeader("Sec-Fetch-Site", "anything")},
		"proxy without key":  {withHeader("Origin", "https://evil.example"), withHeader("Clerk-Proxy-Url", "https://evil.example/__clerk")},
		"proxy, wrong key": {
			withHeader("Origin", "https://evil.example"), withHeader("Clerk-Proxy-Url", "https://evil.example/__clerk"),
			withHeader("Clerk-Secret-Key", "sk_live_other"),
		},
	} {
		for path, method := range frontendCalls(session, begun) {
			r := p.ask(method, path, append([]func(*http.Request){withForm(everyForm)}, change...)...)
			if r.StatusCode != http.StatusForbidden || r.code() != "origin_invalid" || len(r.Cookies()) != 0 {
				t.Errorf("%s: %s: status %d, %s, cookies %v", name, path, r.StatusCode, r.code(), r.setting())
			}
			for header := range r.Header {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("%s: %s: %s in production", name, path, header)
				}
			}
		}
	}
	after := e.store.clientOf(p.cookies["__client"])
	if len(after.sessions) != 1 || after.sessions[0].organization != "org_acme" || after.attempt.id != before.attempt.id {
		t.Errorf("client %+v, was %+v", after, before)
	}
}

// In development a page may be anywhere. It is known by the browser's name, which
// it must have been given, and never by cookies.
func TestPagesOnOtherOriginsInDevelopment(t *testing.T) {
	const other = "http://localhost:3000"
	e, _ := newTestEmulator(t, Options{})
	p := openPage(t, e)
	session := p.signIn("alice")
	name := p.devBrowser
	for title, change := range map[string][]func(*http.Request){
		"old browser": {withHeader("Origin", other)},
		"cross-site":  {withHeader("Origin", other), withHeader("Sec-Fetch-Site", "cross-site")},
		"same-site":   {withHeader("Origin", other), withHeader("Sec-Fetch-Site", "same-site")},
	} {
		p.devBrowser = name
		for path, method := range map[string]string{"/client": "GET", "/environment?_method=PATCH": "POST", "/dev_browser": "POST", "/client/sessions/" + session + "/tokens": "POST"} {
			r := p.ask(method, path, change...)
			if r.StatusCode != http.StatusOK || r.Header.Get("Access-Control-Allow-Origin") != other ||
				r.Header.Get("Access-Control-Allow-Credentials") != "true" || r.Header.Get("Vary") != "Origin" {
				t.Errorf("%s: %s: status %d, header %v", title, path, r.StatusCode, r.Header)
			}
			if jwt := r.body["jwt"]; jwt != nil && p.claims(jwt)["azp"] != other {
				t.Errorf("%s: azp is %v", title, p.claims(jwt)["azp"])
			}
		}
		p.devBrowser = ""
		p.cookies = map[string]string{"__clerk_db_jwt": name, "__clerk_db_jwt_" + e.CookieSuffix(): name}
		for path, method := range frontendCalls(session, "any") {
			r := p.ask(method, path, append([]func(*http.Request){withForm(everyForm)}, change...)...)
			if r.StatusCode != http.StatusUnauthorized || r.code() != "dev_browser_unauthenticated" || len(r.Cookies()) != 0 {
				t.Errorf("%s: %s by cookies alone: status %d, %s", title, path, r.StatusCode, r.code())
			}
		}
	}
	for _, change := range [][]func(*http.Request){
		{withHeader("Sec-Fetch-Site", "cross-site")}, {withHeader("Origin", "null")}, {withHeader("Origin", "http://EVIL.example")}, {},
	} {
		if r := p.get("/environment", change...); r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("header %v", r.Header)
		}
	}
	if r := p.get("/client"); r.StatusCode != http.StatusOK || r.at("response.sessions.0.id") != session {
		t.Errorf("the own origin is not known by its cookies: status %d", r.StatusCode)
	}
}

func TestUnknownDevBrowsers(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	p := openPage(t, e)
	session := p.signIn("alice")
	known := p.devBrowser
	for _, browser := range []string{"dvb_unknown", "", session, "undefined"} {
		p.devBrowser = browser
		for path, method := range frontendCalls(session, "any") {
			if r := p.ask(method, path, withForm(everyForm)); r.StatusCode != http.StatusUnauthorized || r.code() != "dev_browser_unauthenticated" {
				t.Errorf("%q: %s: status %d, %s", browser, path, r.StatusCode, r.code())
			}
		}
	}
	// An unknown name is not made up for by a cookie, or the page would go on
	// under two names.
	p.devBrowser, p.cookies = "dvb_unknown", map[string]string{"__clerk_db_jwt": known}
	if r := p.get("/client"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d", r.StatusCode)
	}
	p.devBrowser = known
	if got := p.people(); got != "user_alice*" {
		t.Errorf("signed in: %s", got)
	}
}

// The ids of sessions, clients and sign-ins open nothing.
func TestIdsOfOthersOpenNothing(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		alice, mallory := openPage(t, e), openPage(t, e)
		session := alice.signIn("alice")
		begun, _ := alice.post("/client/sign_ins", url.Values{"identifier": {"carol"}}).at("response.id").(string)
		client, _ := alice.get("/client").at("response.id").(string)
		mallory.signIn("mallory@example.com")
		own := mallory.cookies["__client"]
		for _, name := range []string{own, client, session, "client_", ""} {
			if e.production {
				mallory.cookies["__client"] = name
			} else if name != own {
				mallory.devBrowser = name
			}
			for path, method := range frontendCalls(session, begun) {
				if !strings.Contains(path, session) && !strings.Contains(path, begun) && name == own {
					continue
				}
				r := mallory.ask(method, path, withForm(url.Values{"strategy": {"password"}, "password": {Password}}))
				text := strings.ToLower(strings.Join(r.setting(), " "))
				if sessions, _ := r.at("client.sessions").([]any); len(sessions) != 0 || r.at("response.sessions") != nil || strings.Contains(text, "__client=*") {
					t.Errorf("%q: %s: status %d, %v", name, path, r.StatusCode, r.body)
				}
				if r.StatusCode == http.StatusOK && r.body["response"] != nil {
					t.Errorf("%q: %s: status %d, %v", name, path, r.StatusCode, r.body)
				}
			}
		}
		if got := alice.people(); got != "user_alice*" || alice.get("/client").at("response.sign_in.id") != begun {
			t.Errorf("signed in: %s", got)
		}
	})
}

// Only who has the secret key moves cookies and tokens to another place.
func TestProxyIsBelievedWithTheKey(t *testing.T) {
	e, _ := newTestEmulator(t, Options{Production: true})
	for _, c := range []struct{ address, key, origin, path string }{
		{"https://app.example.com/__clerk", e.SecretKey(), "https://app.example.com", "/__clerk"},
		{"https://app.example.com/a/b/", e.SecretKey(), "https://app.example.com", "/a/b"},
		{"http://localhost:8080", e.SecretKey(), "http://localhost:8080", "/"},
		{"https://app.example.com/x", "", site, "/__clerk"},
		{"https://app.example.com/x", "sk_live_emulato", site, "/__clerk"},
		{"https://app.example.com/x", "Bearer " + e.SecretKey(), site, "/__clerk"},
		{"", e.SecretKey(), site, "/__clerk"},
		{"/__clerk", e.SecretKey(), site, "/__clerk"},
		{"https://user@app.example.com/x", e.SecretKey(), site + "", "/__clerk"},
		{"https://app.example.com/a;b", e.SecretKey(), site, "/__clerk"},
		{"https://app.example.com/a/../b", e.SecretKey(), site, "/__clerk"},
		{"javascript://app.example.com/x", e.SecretKey(), site, "/__clerk"},
		{"https://app.example.com:443/x", e.SecretKey(), site, "/__clerk"},
		{"https://app.example.com/x%0d%0aSet-Cookie:a", e.SecretKey(), site, "/__clerk"},
	} {
		r := httptest.NewRequest("GET", site+"/__clerk/v1/client", nil)
		r.Header.Set("Clerk-Proxy-Url", c.address)
		r.Header.Set("Clerk-Secret-Key", c.key)
		seen := e.seenFrom(r)
		if cookie := e.clientCookie("client_a", seen); seen.origin != c.origin || cookie.Path != c.path {
			t.Errorf("%q with %q: seen from %q, path %q; want %q, %q", c.address, c.key, seen.origin, cookie.Path, c.origin, c.path)
		}
	}
}

// A GET of the own origin says no origin, and the token is for that one.
func TestTokensAreForThePageThatAsks(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		p.signIn("alice")
		for want, change := range map[string][]func(*http.Request){
			site: {withHeader("Sec-Fetch-Site", "same-origin")},
			"https://app.example.com": {
				withHeader("Clerk-Proxy-Url", "https://app.example.com/clerk"), withHeader("Clerk-Secret-Key", e.SecretKey()),
				withHeader("Sec-Fetch-Site", "same-origin"),
			},
		} {
			claims := p.claims(p.get("/client", change...).at("response.sessions.0.last_active_token.jwt"))
			if claims["azp"] != want {
				t.Errorf("azp is %v, want %s", claims["azp"], want)
			}
		}
	})
}

// The handshake and the pages behind a proxy send browsers to where they see it.
func TestPagesBehindAProxy(t *testing.T) {
	e, c := newTestEmulator(t, Options{Production: true})
	behind := func(r *http.Request) {
		r.Host = "127.0.0.1:9000"
		r.Header.Set("Clerk-Proxy-Url", "https://app.example.com/clerk")
		r.Header.Set("Clerk-Secret-Key", e.SecretKey())
	}
	if page := body(t, call(e, "GET", "/sign-in", behind)); !strings.Contains(page, `action="/clerk/sign-in"`) {
		t.Errorf("page %s", page)
	}
	response := call(e, "POST", "/sign-in", behind, withHeader("Origin", "https://app.example.com"), withForm(url.Values{"user": {"alice"}, "redirect_url": {"/x"}}))
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "https://app.example.com/x" {
		t.Errorf("status %d, location %q", response.StatusCode, response.Header.Get("Location"))
	}
	for _, cookie := range response.Cookies() {
		if !cookie.Secure || (cookie.Name == "__client") != (cookie.Path == "/clerk") {
			t.Errorf("cookie %s", cookie.Raw)
		}
	}
	browser := signedIn(t, e, c, "alice")
	query := "?format=nonce&redirect_url=" + url.QueryEscape("https://app.example.com/y")
	shaken := call(e, "GET", "/v1/client/handshake"+query, behind, withCookie(cookieClient, browser))
	if shaken.StatusCode != http.StatusTemporaryRedirect || shaken.Header.Get("Location") != "https://app.example.com/y" {
		t.Errorf("status %d, location %q", shaken.StatusCode, shaken.Header.Get("Location"))
	}
}

func TestEnvironment(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		for _, r := range []reply{p.get("/environment"), p.post("/environment?_method=PATCH", nil), p.ask("PATCH", "/environment")} {
			if r.StatusCode != http.StatusOK || r.at("auth_config.single_session_mode") != false || r.at("display_config.sign_in_url") != site+"/__clerk/sign-in" {
				t.Errorf("status %d, %v", r.StatusCode, r.body)
			}
		}
	})
}

func TestProductionHasNoDevBrowsers(t *testing.T) {
	e, _ := newTestEmulator(t, Options{Production: true})
	if r := openPage(t, e).post("/dev_browser", nil); r.StatusCode != http.StatusNotFound || len(e.store.browsers.entries) != 0 {
		t.Errorf("status %d", r.StatusCode)
	}
}

func TestMethodsOfTheFrontendAPI(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	p := openPage(t, e)
	p.signIn("alice")
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/client/sessions?_method=DELETE", 405, "DELETE"},
		{"POST", "/client/sessions?_method=delete", 405, "DELETE"},
		{"POST", "/client?_method=GET", 405, "GET, HEAD"},
		{"POST", "/environment?_method=PUT", 405, "GET, HEAD, PATCH"},
		{"OPTIONS", "/client", 405, "GET, HEAD"},
		{"GET", "/client/sessions/a/b/c", 404, ""},
		{"GET", "/client/sessions/{id}", 401, ""},
		{"GET", "/npm/@clerk/clerk-js@6/dist/clerk.browser.js", 404, ""},
	} {
		if r := p.ask(c.method, c.path); r.StatusCode != c.status || r.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: status %d, Allow %q; want %d, %q", c.method, c.path, r.StatusCode, r.Header.Get("Allow"), c.status, c.allow)
		}
	}
	if got := p.people(); got != "user_alice*" {
		t.Errorf("signed in: %s", got)
	}
}
