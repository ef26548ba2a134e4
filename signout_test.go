// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// sameOrigin is what a browser sends with a form of the site's own page.
var sameOrigin = []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

// serveSignOut runs a site that people can sign out of, with an application
// that says when it was reached.
func serveSignOut(t *testing.T, settings string) *site {
	t.Helper()
	return serve(t, "", `
	clerk_auth {
		`+settings+`
		sign_out /sign-out
	}
	respond "application {http.clerk.user_id}"`)
}

// startProduction is a Clerk whose instance has no development browsers.
func startProduction(t *testing.T) *clerk {
	t.Helper()
	return startClerk(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
}

// cookiesOf gives the cookies of a browser in which somebody is signed in.
func (c *clerk) cookiesOf(t *testing.T, s *site, user string, options ...emulator.TokenOption) []string {
	t.Helper()
	token, err := c.Token(user, s.url, options...)
	if err != nil {
		t.Fatal(err)
	}
	suffix := c.CookieSuffix()
	return []string{"Cookie", fmt.Sprintf("theme=dark; __session=%s; __session_%s=%s; __client_uat=1; __client_uat_%s=1; __refresh_%s=r",
		token, suffix, token, suffix, suffix)}
}

// revoked gives the sessions that Clerk was asked to revoke since the last time.
func (c *clerk) revoked() []string {
	var ids []string
	for range len(c.requests) {
		path := <-c.requests
		if id, ok := strings.CutSuffix(path, "/revoke"); ok {
			ids = append(ids, strings.TrimPrefix(id, "/__clerk/v1/sessions/"))
		}
	}
	return ids
}

// ofSession makes a token of a session of that id.
func ofSession(sid string) emulator.TokenOption {
	return emulator.WithClaims(map[string]any{"sid": sid})
}

// removed gives the names of the cookies that an answer removes from the host.
func (a answer) removed() []string {
	var names []string
	for _, c := range a.Cookies() {
		if c.MaxAge < 0 && c.Value == "" && c.Path == "/" && c.Domain == "" {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *clerk) traces() []string {
	suffix := c.CookieSuffix()
	names := []string{"__session", "__session_" + suffix, "__client_uat", "__client_uat_" + suffix, "__refresh_" + suffix}
	slices.Sort(names)
	return names
}

func (a answer) expectSignedOut(t *testing.T, c *clerk) {
	t.Helper()
	a.expect(t, http.StatusSeeOther, "Location", "/", "Cache-Control", "no-store")
	if got := a.removed(); !slices.Equal(got, c.traces()) {
		t.Errorf("expected the cookies %q to be removed, got %q", c.traces(), got)
	}
}

func (a answer) expectNothingDone(t *testing.T, c *clerk) {
	t.Helper()
	if got := c.revoked(); len(got) > 0 {
		t.Errorf("expected no session to be revoked, got %q", got)
	}
	if got := a.removed(); len(got) > 0 {
		t.Errorf("expected no cookie to be removed, got %q", got)
	}
}

func TestSigningOutRevokesThatSessionAndRemovesItsCookies(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	for name, options := range map[string][]emulator.TokenOption{
		"fresh":   nil,
		"expired": {emulator.IssuedAt(time.Now().Add(-time.Hour))},
	} {
		sid := "sess_" + name
		cookies := c.cookiesOf(t, s, "alice", append(options, ofSession(sid))...)
		s.send(http.MethodPost, "/sign-out?x=1", append(cookies, sameOrigin...)...).expectSignedOut(t, c)
		if got := c.revoked(); !slices.Equal(got, []string{sid}) {
			t.Errorf("expected %q to be revoked, got %q", sid, got)
		}
	}
	// Whoever has no session is signed out as well.
	a := s.send(http.MethodPost, "/sign-out", sameOrigin...)
	a.expect(t, http.StatusSeeOther, "Location", "/", "Cache-Control", "no-store")
	a.expectNothingDone(t, c)
}

func TestCookiesAreRemovedFromTheDomainAboveAsWell(t *testing.T) {
	c := startProduction(t)
	s := serve(t, `servers {
		trusted_proxies static 127.0.0.1
	}`, `
	clerk_auth {
		`+c.settings()+`
		sign_out /sign-out
	}`)
	a := s.send(http.MethodPost, "/sign-out", append(c.cookiesOf(t, s, "alice"),
		"X-Forwarded-Proto", "https", "X-Forwarded-Host", "app.example.co.uk", "Origin", "https://app.example.co.uk")...)
	a.expectSignedOut(t, c)
	for _, name := range c.traces() {
		var domains []string
		for _, cookie := range a.Cookies() {
			if cookie.Name == name && cookie.Secure {
				domains = append(domains, cookie.Domain)
			}
		}
		if want := []string{"", "example.co.uk", "app.example.co.uk"}; !slices.Equal(domains, want) {
			t.Errorf("%s: expected it to be removed from %q, got %q", name, want, domains)
		}
	}
}

// A link or a form of another site's signs nobody out.
func TestOnlyThisSitesOwnFormSignsOut(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	cookies := c.cookiesOf(t, s, "alice")
	s.get("/", cookies...).expect(t, http.StatusOK)
	c.revoked()
	for name, headers := range map[string][]string{
		"nothing said":                    nil,
		"another site":                    {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"another site with our origin":    {"Sec-Fetch-Site", "cross-site", "Origin", s.url},
		"a subdomain":                     {"Sec-Fetch-Site", "same-site", "Origin", s.url},
		"nobody's page":                   {"Sec-Fetch-Site", "none"},
		"two sites":                       {"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"},
		"two in one":                      {"Sec-Fetch-Site", "same-origin, cross-site"},
		"empty":                           {"Sec-Fetch-Site", "", "Origin", s.url},
		"in capitals":                     {"Sec-Fetch-Site", "Same-Origin"},
		"an old browser, another origin":  {"Origin", "https://evil.example"},
		"an old browser, no origin":       {"Origin", "null"},
		"an old browser, another port":    {"Origin", "http://localhost:1"},
		"an old browser, another scheme":  {"Origin", strings.Replace(s.url, "http:", "https:", 1)},
		"an old browser, a longer origin": {"Origin", s.url + ".evil.example"},
		"two origins":                     {"Origin", s.url, "Origin", "https://evil.example"},
		"a referrer alone":                {"Referer", s.url + "/"},
		"a forwarded host":                {"Origin", "https://evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.send(http.MethodPost, "/sign-out", append(slices.Clone(cookies), headers...)...)
			a.expect(t, http.StatusForbidden, "Cache-Control", "no-store", "Location", "", "X-Clerk-Auth-Reason", "sign-out-cross-origin", "X-Clerk-Auth-Status", "")
			if message := a.Header.Get("X-Clerk-Auth-Message"); !strings.Contains(message, "Sec-Fetch-Site: same-origin") || !strings.Contains(message, "trusted_proxies") {
				t.Errorf("expected the message to say what was expected, got %q", message)
			}
			a.expectNothingDone(t, c)
		})
	}
	s.send(http.MethodPost, "/sign-out", append(slices.Clone(cookies), "Origin", s.url)...).expectSignedOut(t, c)
	if got := c.revoked(); len(got) != 1 {
		t.Errorf("expected an old browser to sign out, got %q", got)
	}
}

func TestTheSignOutPageAsksFirst(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	cookies := c.cookiesOf(t, s, "alice")
	page := s.get("/sign-out", append(slices.Clone(cookies), sameOrigin...)...)
	page.expect(t, http.StatusOK, "Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-store",
		"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'", "X-Content-Type-Options", "nosniff")
	if !strings.Contains(page.body, `<form method="post"><button>`) || !strings.Contains(page.body, "prefers-color-scheme: dark") || strings.Contains(page.body, "<script") {
		t.Errorf("expected a form, the style and no script, got %s", page.body)
	}
	page.expectNothingDone(t, c)
	head := s.send(http.MethodHead, "/sign-out", cookies...)
	head.expect(t, http.StatusOK, "Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-store")
	if head.body != "" {
		t.Errorf("expected no body, got %q", head.body)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch, "post", "FORGET"} {
		a := s.send(method, "/sign-out", append(slices.Clone(cookies), sameOrigin...)...)
		a.expect(t, http.StatusMethodNotAllowed, "Allow", "GET, HEAD, POST", "Cache-Control", "no-store", "X-Clerk-Auth-Reason", "sign-out-method")
		a.expectNothingDone(t, c)
	}
	// A stranger may see it, too: there is nothing in it.
	s.get("/sign-out").expect(t, http.StatusOK)
}

// The path is what the browser asks for, to the letter.
func TestTheSignOutPathIsExact(t *testing.T) {
	c := startProduction(t)
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		optional
		sign_out /account/sign-out
	}
	handle_path /account/* {
		respond "application {path}"
	}
	respond "application"`)
	cookies := c.cookiesOf(t, s, "alice")
	for _, target := range []string{
		"/account/sign-out/", "//account/sign-out", "/account//sign-out", "/account/sign-out%2f", "/account/sign%2dout", "/account/sign-out;x", "/Account/sign-out",
		"/account/./sign-out", "/x/../account/sign-out", "/account%2Fsign-out", "/account/sign-out%3Fx", "/account/sign-out%00", "/sign-out", "/?/account/sign-out",
	} {
		a := s.raw("POST " + target + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") + "\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nCookie: " + cookies[1] + "\r\n\r\n")
		if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.body, "application") {
			t.Errorf("%s: expected the application to be reached, got %d %s", target, a.StatusCode, a.body)
		}
		a.expectNothingDone(t, c)
	}
	s.send(http.MethodPost, "/account/sign-out", append(cookies, sameOrigin...)...).expectSignedOut(t, c)
}

// What nobody signed ends nobody's session, and goes from the browser all the same.
func TestAForgedTokenEndsNoSession(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	foreign := startProduction(t)
	s.get("/", c.cookiesOf(t, s, "alice")...).expect(t, http.StatusOK)
	genuine := c.cookiesOf(t, s, "alice")[1]
	for name, cookies := range map[string]string{
		"another's signature": foreign.cookiesOf(t, s, "alice")[1],
		"no signature":        withoutSignatures(genuine),
		"no token":            strings.Join([]string{"__session=sess_1", "__session_" + c.CookieSuffix() + "=sess_1"}, "; "),
	} {
		c.revoked()
		cookies = strings.ReplaceAll(cookies, foreign.CookieSuffix(), c.CookieSuffix())
		a := s.send(http.MethodPost, "/sign-out", append([]string{"Cookie", cookies}, sameOrigin...)...)
		a.expect(t, http.StatusSeeOther, "Location", "/")
		if got := c.revoked(); len(got) > 0 {
			t.Errorf("%s: expected no session to be revoked, got %q", name, got)
		}
		if got := a.removed(); !slices.Contains(got, "__session") || !slices.Contains(got, "__session_"+c.CookieSuffix()) {
			t.Errorf("%s: expected the session cookies to be removed, got %q", name, got)
		}
	}
}

// withoutSignatures cuts the signature off every token among cookies.
func withoutSignatures(cookies string) string {
	pairs := strings.Split(cookies, "; ")
	for i, pair := range pairs {
		if strings.Count(pair, ".") == 2 {
			pairs[i] = pair[:strings.LastIndexByte(pair, '.')+1]
		}
	}
	return strings.Join(pairs, "; ")
}

func TestSigningOutWorksWhileClerkIsDown(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	cookies := c.cookiesOf(t, s, "alice")
	s.get("/", cookies...).expect(t, http.StatusOK)
	c.server.Close()
	s.send(http.MethodPost, "/sign-out", append(cookies, sameOrigin...)...).expectSignedOut(t, c)
	_, line, found := strings.Cut(s.log(), "whose session was not ended at Clerk")
	if !found {
		t.Fatal("expected the log to say so")
	}
	line, _, _ = strings.Cut(line, "\n")
	token := strings.TrimPrefix(strings.Split(cookies[1], "; ")[1], "__session=")
	if strings.Contains(line, c.SecretKey()) || strings.Contains(line, token) {
		t.Errorf("expected the line to hold no secret, got %s", line)
	}
}

// A session that has ended is not asked about again, however often somebody
// presses the button.
func TestTwentySignOutsAtOnceAreOneCall(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	cookies := append(c.cookiesOf(t, s, "alice"), sameOrigin...)
	var group sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		group.Go(func() { answers[i] = s.send(http.MethodPost, "/sign-out", cookies...) })
	}
	group.Wait()
	for _, a := range answers {
		a.expectSignedOut(t, c)
	}
	if got := c.revoked(); len(got) != 1 {
		t.Errorf("expected one call, got %q", got)
	}
}

// Clerk refuses what it does not know. Of those, one client gets so many to be
// asked about, and no more.
func TestSignOutsThatClerkRefusesAreBounded(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	for i := range 60 {
		cookies := c.cookiesOf(t, s, "alice", ofSession(fmt.Sprintf("sess_%d", i)))
		s.send(http.MethodPost, "/sign-out", append(cookies, sameOrigin...)...).expectSignedOut(t, c)
	}
	if got := c.revoked(); len(got) == 0 || len(got) > 25 {
		t.Errorf("expected a budget of calls, got %d", len(got))
	}
	if got := strings.Count(s.log(), "whose session was not ended"); got != 1 {
		t.Errorf("expected one line in the log, got %d", got)
	}
}

// Without a secret key Clerk cannot be told, which the page says.
func TestSigningOutWithoutASecretKeyRemovesTheCookies(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, `publishable_key `+c.PublishableKey()+`
		jwks_url `+c.server.URL+`/__clerk/.well-known/jwks.json`)
	if page := s.get("/sign-out"); !strings.Contains(page.body, "Your session goes on where you signed in") {
		t.Errorf("expected the page to say what is left, got %s", page.body)
	}
	s.send(http.MethodPost, "/sign-out", append(c.cookiesOf(t, s, "alice"), sameOrigin...)...).expectSignedOut(t, c)
	if got := c.revoked(); len(got) > 0 {
		t.Errorf("expected nothing to be asked, got %q", got)
	}
}

// A gate before this one may have taken from the request what the session is
// known by.
func TestCredentialsThatAnotherGateStrippedAreStillKnownToSignOut(t *testing.T) {
	c := startProduction(t)
	s := serve(t, "", `
	route {
		clerk_auth {
			`+c.settings()+`
			strip_credentials
		}
		clerk_auth {
			`+c.settings()+`
			sign_out /sign-out
		}
		respond "application"
	}`)
	cookies := c.cookiesOf(t, s, "alice", ofSession("sess_1"))
	s.send(http.MethodPost, "/sign-out", append(cookies, sameOrigin...)...).expectSignedOut(t, c)
	if got := c.revoked(); !slices.Equal(got, []string{"sess_1"}) {
		t.Errorf("expected the session to be revoked, got %q", got)
	}
}

// The identity that a client makes up is no more welcome here than elsewhere,
// and neither is the token of a program: nobody signs out by it.
func TestSigningOutIsAboutCookiesAlone(t *testing.T) {
	c := startProduction(t)
	s := serveSignOut(t, c.settings())
	a := s.send(http.MethodPost, "/sign-out", append(c.bearer(t, "alice", s.url), sameOrigin...)...)
	a.expect(t, http.StatusSeeOther)
	a.expectNothingDone(t, c)
}

// TestPeopleSignOut walks a person out by each kind of instance: afterwards the
// sign-in page asks who they are, or, where Clerk was not told, does not.
func TestPeopleSignOut(t *testing.T) {
	for _, production := range []string{"", "production"} {
		for _, secret := range []bool{true, false} {
			t.Run(fmt.Sprintf("production=%t,secret=%t", production != "", secret), func(t *testing.T) {
				e := emulate(t, emulator.Options{Production: production != ""})
				settings := `jwks_url http://localhost:{{port}}/__clerk/.well-known/jwks.json`
				if secret {
					settings = `secret_key ` + e.SecretKey() + "\n" + `api_url http://localhost:{{port}}/__clerk`
				}
				s := serve(t, "", `
				clerk_emulator /__clerk {
					`+production+`
				}
				clerk_auth {
					publishable_key `+e.PublishableKey()+`
					`+settings+`
					proxy_url /__clerk
					sign_in_url /__clerk/sign-in
					sign_out /sign-out
				}
				respond "hello {http.clerk.user_id}"`)
				b := openBrowser(t)
				b.arrives(b.signIn(b.open(s.url+"/p"), "alice"), "/p", "hello user_alice", 4)

				page := b.open(s.url + "/sign-out")
				b.arrives(page, "/sign-out", "Sign out?", 0)
				b.arrives(b.open(s.url+"/p"), "/p", "hello user_alice", 0)

				out := b.signOut(s.url + "/sign-out")
				b.forget(s.url, "__clerk_redirect_count")
				b.arrives(out, "/__clerk/sign-in", "<form", 6)
				if known := strings.Contains(out.body, "You are <b>Alice Adams</b>"); known == secret {
					t.Errorf("expected the sign-in page to know alice only where Clerk was not told, got the opposite")
				}
			})
		}
	}
}

// signOut presses the button of the sign-out page.
func (b *browser) signOut(address string) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Origin", strings.TrimSuffix(address, "/sign-out"))
	return b.do(req)
}
