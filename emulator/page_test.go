// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var hiddenBrowser = regexp.MustCompile(`name="__clerk_db_jwt" value="(dvb_[A-Z0-9]+)"`)

// setCookie gives the cookies that a response sets by name, expired ones as "".
func setCookie(response *http.Response) map[string]string {
	set := make(map[string]string)
	for _, c := range response.Cookies() {
		set[c.Name] = c.Value
	}
	return set
}

func TestPagesAreSealed(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	for path, action := range map[string]string{
		"/":        "'self'",
		"/sign-in": "'self' " + site,
		"/sign-in?redirect_url=http://localhost:3000/a": "'self' http://localhost:3000",
		"/sign-out":                            "'self' " + site,
		"/sign-in?redirect_url=//evil.example": "'self'",
	} {
		response := call(e, "GET", path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src " + styleSource + "; form-action " + action + "; base-uri 'none'; frame-ancestors 'none'",
			"X-Frame-Options":         "DENY",
			"X-Robots-Tag":            "noindex, nofollow",
			"X-Content-Type-Options":  "nosniff",
			"Cache-Control":           "no-store",
			"Referrer-Policy":         "same-origin",
			"Content-Type":            "text/html; charset=utf-8",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		text := body(t, response)
		if !strings.Contains(text, "a stand-in for Clerk. Not for production.") || !strings.Contains(text, "<style>"+style+"</style>") {
			t.Errorf("%s lacks the ribbon or the style", path)
		}
		if regexp.MustCompile(`(?i)<script|style="|src=`).MatchString(text) {
			t.Errorf("%s holds what the policy forbids", path)
		}
	}
}

func TestIndexHidesAConfiguredSecret(t *testing.T) {
	e, _ := newTestEmulator(t, Options{SecretKey: "sk_test_mine"})
	text := body(t, call(e, "GET", "/"))
	if strings.Contains(text, "sk_test_mine") || !strings.Contains(text, e.PublishableKey()) {
		t.Errorf("page %s", text)
	}
	plain, _ := newTestEmulator(t, Options{})
	if !strings.Contains(body(t, call(plain, "GET", "/")), "sk_test_emulator") {
		t.Error("the built-in secret key is not named")
	}
}

func TestSignInInDevelopment(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	first := hiddenBrowser.FindStringSubmatch(body(t, call(e, "GET", "/sign-in")))
	if first == nil || !e.store.knows(first[1]) {
		t.Fatalf("the page carries no browser: %v", first)
	}
	id := first[1]
	for name, response := range map[string]*http.Response{
		"query":           call(e, "GET", "/sign-in?__clerk_db_jwt="+id),
		"cookie":          call(e, "GET", "/sign-in", withCookie("__clerk_db_jwt", id)),
		"suffixed cookie": call(e, "GET", "/sign-in", withCookie("__clerk_db_jwt_"+e.CookieSuffix(), id), withCookie("__clerk_db_jwt", "dvb_other")),
	} {
		if got := hiddenBrowser.FindStringSubmatch(body(t, response)); got == nil || got[1] != id {
			t.Errorf("browser by %s: the page carries %v, want %s", name, got, id)
		}
	}
	response := call(e, "POST", "/sign-in", withForm(url.Values{"user": {"alice"}, "redirect_url": {site + "/x?y#z"}, "__clerk_db_jwt": {id}}))
	if response.StatusCode != 303 || response.Header.Get("Location") != site+"/x?y&__clerk_db_jwt="+id+"#z" {
		t.Errorf("status %d, location %q", response.StatusCode, response.Header.Get("Location"))
	}
	if response.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Error("the redirect lets the address out")
	}
	if s := e.store.sessionOf(id); s == nil || s.person.ID != "user_alice" {
		t.Errorf("session %v", s)
	}
	if !strings.Contains(body(t, call(e, "GET", "/sign-in?__clerk_db_jwt="+id)), "You are <b>Alice Adams</b>") {
		t.Error("the page does not say who is signed in")
	}
}

func TestSignInInProduction(t *testing.T) {
	e, c := newTestEmulator(t, Options{Production: true})
	if hiddenBrowser.MatchString(body(t, call(e, "GET", "/sign-in"))) || len(e.store.browsers.entries) != 0 {
		t.Error("a page in production makes a browser")
	}
	response := call(e, "POST", "/sign-in", withForm(url.Values{"user": {"bob"}}))
	set := setCookie(response)
	client := set["__client"]
	if response.StatusCode != 303 || response.Header.Get("Location") != site+"/" || !strings.HasPrefix(client, "client_") {
		t.Fatalf("status %d, location %q, client %q", response.StatusCode, response.Header.Get("Location"), client)
	}
	i := slices.IndexFunc(response.Cookies(), func(c *http.Cookie) bool { return c.Name == "__client" })
	if c := response.Cookies()[i]; !c.HttpOnly || c.Path != "/__clerk" || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %q", c.Raw)
	}
	if uat := set["__client_uat"]; uat != "1800000000" || set["__client_uat_"+e.CookieSuffix()] != uat {
		t.Errorf("cookies %v", set)
	}
	redirect := site + "/"
	if lastSession(payload(t, e, shake(e, client, "token", redirect), redirect)) == "" {
		t.Error("the client has no session")
	}
	c.advance(1)
	again := call(e, "POST", "/sign-in", withForm(url.Values{"user": {"carol"}}), withCookie("__client", client))
	if fresh := setCookie(again)["__client"]; fresh == client || e.store.knows(client) || !e.store.knows(fresh) {
		t.Error("signing in kept the client that was there before")
	}
}

func TestSignInAsSomebodyNew(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	hostile := `<script>{{env "HOME"}}</script>"'&` + "\u2028é😀"
	for _, c := range []struct {
		typed  string
		status int
	}{
		{"new@example.com", 303},
		{"  new@example.com ", 303},
		{hostile, 303},
		{strings.Repeat("é", 127), 303},
		{strings.Repeat("é", 127) + "x", 422},
		{"", 422},
		{"   ", 422},
		{"a\x00b", 422},
		{"a\nb", 422},
		{"a\u0085b", 422},
		{"a\xffb", 422},
	} {
		browser := e.store.newBrowser(devBrowserPrefix, e.now())
		response := call(e, "POST", "/sign-in", withForm(url.Values{"email": {c.typed}, "__clerk_db_jwt": {browser}}))
		if response.StatusCode != c.status {
			t.Errorf("%q: status %d, want %d", c.typed, response.StatusCode, c.status)
			continue
		}
		s := e.store.sessionOf(browser)
		if c.status == 422 {
			if s != nil || !strings.Contains(body(t, response), `role="alert"`) {
				t.Errorf("%q: session %v", c.typed, s)
			}
			continue
		}
		if name := strings.TrimSpace(c.typed); s.person.Name != name || s.person.Email != name || !strings.HasPrefix(s.person.ID, "user_") {
			t.Errorf("%q: person %+v", c.typed, s.person)
		}
		claims := decode(t, verified(t, e, lastSession(payload(t, e, shake(e, browser, "nonce", site+"/?a"), site+"/?a"))))
		if claims["name"] != s.person.Name || claims["sub"] != s.person.ID {
			t.Errorf("%q: claims %v", c.typed, claims)
		}
		for _, path := range []string{"/sign-in", "/sign-out"} {
			text := body(t, call(e, "GET", path+"?__clerk_db_jwt="+browser))
			if strings.Contains(text, "<script") || c.typed == hostile && !strings.Contains(text, "&lt;script&gt;{{env &#34;HOME&#34;}}") {
				t.Errorf("%s does not escape the name", path)
			}
		}
	}
	first, _ := e.people.typed("new@example.com")
	second, _ := e.people.typed("new@example.com")
	other, _ := newDirectory().typed("new@example.com")
	if first.ID != second.ID || first.ID == other.ID {
		t.Errorf("ids %s, %s and %s", first.ID, second.ID, other.ID)
	}
}

func TestFormsRefused(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	browser := e.store.newBrowser(devBrowserPrefix, e.now())
	good := url.Values{"user": {"alice"}, "__clerk_db_jwt": {browser}}
	with := func(name, value string) url.Values {
		return url.Values{"user": {"alice"}, "__clerk_db_jwt": {browser}, name: {value}}
	}
	for name, c := range map[string]struct {
		status int
		change []func(*http.Request)
	}{
		"cross-site":       {403, []func(*http.Request){withForm(good), withHeader("Sec-Fetch-Site", "cross-site")}},
		"same-site":        {403, []func(*http.Request){withForm(good), withHeader("Sec-Fetch-Site", "same-site")}},
		"other origin":     {403, []func(*http.Request){withForm(good), withHeader("Origin", "http://evil.example")}},
		"null origin":      {403, []func(*http.Request){withForm(good), withHeader("Origin", "null")}},
		"foreign address":  {400, []func(*http.Request){withForm(with("redirect_url", "https://evil.example/"))}},
		"script address":   {400, []func(*http.Request){withForm(with("redirect_url", "javascript:alert(1)"))}},
		"line break":       {400, []func(*http.Request){withForm(with("redirect_url", "/\r\nSet-Cookie: a=b"))}},
		"long value":       {400, []func(*http.Request){withForm(with("x", strings.Repeat("a", maxValue+1)))}},
		"huge body":        {400, []func(*http.Request){withForm(with("x", strings.Repeat("a", maxBody)))}},
		"unknown person":   {422, []func(*http.Request){withForm(with("user", "mallory"))}},
		"query is no form": {422, nil},
	} {
		t.Run(name, func(t *testing.T) {
			response := call(e, "POST", "/sign-in?user=alice&__clerk_db_jwt="+browser, c.change...)
			if response.StatusCode != c.status || response.Header.Get("Location") != "" {
				t.Errorf("status %d, location %q; want %d", response.StatusCode, response.Header.Get("Location"), c.status)
			}
			if e.store.sessionOf(browser) != nil {
				t.Error("somebody was signed in")
			}
		})
	}
	own := call(e, "POST", "/sign-in", withForm(good), withHeader("Origin", site))
	if own.StatusCode != 303 {
		t.Errorf("status %d for a form of the same origin", own.StatusCode)
	}
}

func TestTasks(t *testing.T) {
	for _, production := range []bool{false, true} {
		e, c := newTestEmulator(t, Options{Production: production})
		browser := signedIn(t, e, c, "dave")
		as := withCookie(cookieDevBrowser, browser)
		if production {
			as = withCookie(cookieClient, browser)
		}
		page := body(t, call(e, "GET", "/sign-in/tasks", as))
		if !strings.Contains(page, "One thing is left to do") || !strings.Contains(page, "Acme") {
			t.Fatalf("page %s", page)
		}
		response := call(e, "POST", "/sign-in/tasks", as, withForm(url.Values{"redirect_url": {"/x"}}))
		want := site + "/x?__clerk_db_jwt=" + browser
		if production {
			want = site + "/x"
			for _, name := range []string{"__session", "__refresh_" + e.CookieSuffix()} {
				if value, found := setCookie(response)[name]; !found || value != "" {
					t.Errorf("%s of the pending session stays in the browser", name)
				}
			}
		}
		if response.StatusCode != 303 || response.Header.Get("Location") != want {
			t.Errorf("status %d, location %q", response.StatusCode, response.Header.Get("Location"))
		}
		claims := decode(t, verified(t, e, lastSession(payload(t, e, shake(e, browser, "nonce", site+"/?a"), site+"/?a"))))
		if claims["sts"] != "active" || claims["o"].(map[string]any)["slg"] != "acme" {
			t.Errorf("claims %v", claims)
		}
		if again := call(e, "GET", "/sign-in/tasks?redirect_url=/x", as); again.Header.Get("Location") != want {
			t.Errorf("nothing is left to do, location %q", again.Header.Get("Location"))
		}
	}
}

func TestTasksWithoutASession(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	want := "/__clerk/sign-in?redirect_url=http%3A%2F%2Fapp.test%2Fx%3Fa%26b"
	for _, response := range []*http.Response{
		call(e, "GET", "/sign-in/tasks?redirect_url=/x%3Fa%26b"),
		call(e, "POST", "/sign-in/tasks", withForm(url.Values{"redirect_url": {"/x?a&b"}})),
	} {
		if response.StatusCode != 303 || response.Header.Get("Location") != want {
			t.Errorf("status %d, location %q, want %q", response.StatusCode, response.Header.Get("Location"), want)
		}
	}
}

func TestSignOut(t *testing.T) {
	for _, production := range []bool{false, true} {
		e, c := newTestEmulator(t, Options{Production: production})
		browser := signedIn(t, e, c, "alice")
		as := withCookie(cookieDevBrowser, browser)
		if production {
			as = withCookie(cookieClient, browser)
		}
		if page := body(t, call(e, "GET", "/sign-out", as)); !strings.Contains(page, "Alice Adams") || e.store.sessionOf(browser) == nil {
			t.Error("expected a page that only asks")
		}
		response := call(e, "POST", "/sign-out", as)
		if response.StatusCode != 303 || response.Header.Get("Location") != site+"/" || e.store.sessionOf(browser) != nil {
			t.Errorf("status %d, location %q", response.StatusCode, response.Header.Get("Location"))
		}
		set := setCookie(response)
		for _, suffix := range []string{"", "_" + e.CookieSuffix()} {
			if session, found := set["__session"+suffix]; !found || session != "" || set["__client_uat"+suffix] != "0" {
				t.Errorf("cookies %v", set)
			}
		}
		if refresh, found := set["__refresh_"+e.CookieSuffix()]; !found || refresh != "" {
			t.Errorf("the refresh token stays in the browser: cookies %v", set)
		}
		other := call(e, "POST", "/sign-out", as, withForm(url.Values{"redirect_url": {"http://localhost:3000/"}}))
		want := "http://localhost:3000/"
		if !production {
			want += "?__clerk_db_jwt=" + browser
		}
		if other.Header.Get("Location") != want {
			t.Errorf("location %q, want %q", other.Header.Get("Location"), want)
		}
	}
}
