// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// signedIn begins a session in a new browser of the emulator's kind.
func signedIn(t *testing.T, e *Emulator, c *clock, user string) string {
	t.Helper()
	prefix := devBrowserPrefix
	if e.production {
		prefix = clientPrefix
	}
	p, err := e.people.find(user)
	if err != nil {
		t.Fatal(err)
	}
	browser := e.store.newBrowser(prefix, c.now())
	e.store.signIn(browser, p, c.now())
	return browser
}

// shake asks for a handshake of a browser, "" for one that is new.
func shake(e *Emulator, browser, format, redirect string, more ...string) *http.Response {
	query := url.Values{"redirect_url": {redirect}, "__clerk_api_version": {"2026-05-12"}, "__clerk_hs_reason": {"any"}, "suffixed_cookies": {"true"}}
	if format != "" {
		query.Set("format", format)
	}
	for i := 0; i < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	if browser == "" {
		return call(e, "GET", "/v1/client/handshake?"+query.Encode())
	}
	if e.production {
		return call(e, "GET", "/v1/client/handshake?"+query.Encode(), withCookie(cookieClient, browser))
	}
	query.Set(cookieDevBrowser, browser)
	return call(e, "GET", "/v1/client/handshake?"+query.Encode())
}

// payload follows a handshake as an application does and gives the directives.
func payload(t *testing.T, e *Emulator, response *http.Response, redirect string) []string {
	t.Helper()
	if response.StatusCode != http.StatusTemporaryRedirect || response.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, Cache-Control %q: %s", response.StatusCode, response.Header.Get("Cache-Control"), body(t, response))
	}
	name, value := carried(t, e, response, redirect)
	var list any
	if name == cookieHandshake {
		if cat := headerOf(t, value)["cat"]; cat != sessionCategory {
			t.Errorf("the handshake token's cat is %v", cat)
		}
		list = decode(t, verified(t, e, value))["handshake"]
	} else {
		answer := call(e, "GET", "/v1/clients/handshake_payload?nonce="+value, withHeader("Authorization", "Bearer "+e.SecretKey()))
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("the nonce's status is %d", answer.StatusCode)
		}
		list = decode(t, []byte(body(t, answer)))["directives"]
	}
	var directives []string
	for _, directive := range list.([]any) {
		directives = append(directives, directive.(string))
	}
	return directives
}

// carried finds what carries the handshake: the address in development, a cookie
// in production.
func carried(t *testing.T, e *Emulator, response *http.Response, redirect string) (name, value string) {
	t.Helper()
	location := response.Header.Get("Location")
	if !e.production {
		added, ok := strings.CutPrefix(location, redirect+"&")
		if !ok {
			t.Fatalf("location %q does not extend %q", location, redirect)
		}
		name, value, _ = strings.Cut(added, "=")
		return name, value
	}
	if location != redirect || len(response.Cookies()) != 1 {
		t.Fatalf("location %q and cookies %v, want %q and one cookie", location, response.Cookies(), redirect)
	}
	c := response.Cookies()[0]
	if !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 60 || c.Secure != strings.HasPrefix(redirect, "https:") {
		t.Errorf("cookie %q", c.Raw)
	}
	return c.Name, c.Value
}

func names(directives []string) []string {
	list := make([]string, len(directives))
	for i, directive := range directives {
		list[i], _, _ = strings.Cut(directive, "=")
	}
	return list
}

// lastSession reads the directives as Clerk's SDK does.
func lastSession(directives []string) string {
	token := ""
	for _, directive := range directives {
		if strings.HasPrefix(directive, "__session") {
			token = strings.Split(strings.Split(directive, ";")[0], "=")[1]
		}
	}
	return token
}

func TestHandshake(t *testing.T) {
	for _, production := range []bool{false, true} {
		for _, format := range []string{"", "token", "nonce"} {
			for _, scheme := range []string{"http", "https"} {
				t.Run(fmt.Sprintf("production=%t,format=%s,%s", production, format, scheme), func(t *testing.T) {
					e, c := newTestEmulator(t, Options{Production: production})
					redirect := scheme + "://localhost:3000/a%20b?x=~;%zz&y"
					c.advance(time.Minute)
					browser := signedIn(t, e, c, "alice")
					directives := payload(t, e, shake(e, browser, format, redirect), redirect)

					s := "_" + e.CookieSuffix()
					want := []string{"__client_uat", "__client_uat" + s, "__clerk_db_jwt", "__clerk_db_jwt" + s, "__refresh" + s, "__session", "__session" + s}
					if production {
						carrier := cookieHandshake
						if format == formatNonce {
							carrier = cookieHandshakeNonce
						}
						want = []string{"__client_uat", "__client_uat" + s, carrier, "__refresh" + s, "__session", "__session" + s}
					}
					if got := names(directives); !slices.Equal(got, want) {
						t.Fatalf("directives for %v, want %v", got, want)
					}
					checkAttributes(t, directives, scheme == "https")
					checkSession(t, e, directives, scheme+"://localhost:3000")
					if !production && !strings.HasPrefix(directives[2], "__clerk_db_jwt="+browser+"; Path=/; Max-Age=31536000;") {
						t.Errorf("directive %q does not keep the browser", directives[2])
					}
					if production && !strings.Contains(directives[2], "=; Path=/; Max-Age=0; HttpOnly") {
						t.Errorf("directive %q does not expire the carrier", directives[2])
					}
				})
			}
		}
	}
}

func checkAttributes(t *testing.T, directives []string, secure bool) {
	t.Helper()
	for _, directive := range directives {
		if !strings.Contains(directive, "; Path=/;") || !strings.HasSuffix(directive, "; SameSite=Lax") || strings.Contains(directive, "; Secure") != secure {
			t.Errorf("directive %q", directive)
		}
		if strings.HasPrefix(directive, "__session") && strings.Contains(directive, "HttpOnly") {
			t.Errorf("directive %q hides the session from scripts", directive)
		}
		if strings.HasPrefix(directive, "__refresh") && !strings.Contains(directive, "; HttpOnly") {
			t.Errorf("directive %q shows the refresh token to scripts", directive)
		}
	}
}

func checkSession(t *testing.T, e *Emulator, directives []string, origin string) {
	t.Helper()
	claims := decode(t, verified(t, e, lastSession(directives)))
	if claims["sub"] != "user_alice" || claims["azp"] != origin {
		t.Errorf("sub %v and azp %v, want user_alice and %s", claims["sub"], claims["azp"], origin)
	}
	uat, err := strconv.ParseInt(strings.TrimSuffix(strings.Split(strings.Split(directives[0], "=")[1], ";")[0], ";"), 10, 64)
	if err != nil || uat == 0 || claims["iat"].(float64) < float64(uat) {
		t.Errorf("uat %d (%v) and iat %v", uat, err, claims["iat"])
	}
}

func TestHandshakeSignedOut(t *testing.T) {
	for _, production := range []bool{false, true} {
		e, _ := newTestEmulator(t, Options{Production: production})
		redirect := site + "/?a"
		directives := payload(t, e, shake(e, "", "nonce", redirect), redirect)
		if lastSession(directives) != "" || !strings.HasPrefix(directives[0], "__client_uat=0; ") {
			t.Errorf("production %t: directives %v", production, directives)
		}
		for i, name := range []string{"__refresh_" + e.CookieSuffix(), "__session", "__session_" + e.CookieSuffix()} {
			if directive := directives[len(directives)-3+i]; !strings.HasPrefix(directive, name+"=; Path=/; Max-Age=0;") {
				t.Errorf("production %t: directive %q does not expire %s", production, directive, name)
			}
		}
	}
}

func TestHandshakeReplacesAnUnknownDevBrowser(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	redirect := site + "/?a"
	directives := payload(t, e, shake(e, "dvb_unknown", "nonce", redirect), redirect)
	id := strings.TrimPrefix(strings.Split(directives[2], ";")[0], "__clerk_db_jwt=")
	if id == "dvb_unknown" || !e.store.knows(id) {
		t.Fatalf("expected a new browser, got %q", id)
	}
	alice, err := e.people.find("alice")
	if err != nil {
		t.Fatal(err)
	}
	e.store.signIn(id, alice, c.now())
	if lastSession(payload(t, e, shake(e, id, "nonce", redirect), redirect)) == "" {
		t.Error("expected the new browser to stay known")
	}
}

func TestHandshakeNeverDatesTheSessionAfterItsToken(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	browser := signedIn(t, e, c, "alice")
	c.advance(-time.Hour)
	redirect := site + "/?a"
	checkSession(t, e, payload(t, e, shake(e, browser, "nonce", redirect), redirect), site)
}

func TestHandshakeNonceIsGoodOnce(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	redirect := site + "/?a"
	ask := func(nonce string) int {
		return call(e, "GET", "/v1/clients/handshake_payload?nonce="+nonce, withHeader("Authorization", "Bearer "+e.SecretKey())).StatusCode
	}
	_, nonce := carried(t, e, shake(e, "", "nonce", redirect), redirect)
	if first, second := ask(nonce), ask(nonce); first != 200 || second != 404 {
		t.Errorf("status %d, then %d; want 200, then 404", first, second)
	}
	_, nonce = carried(t, e, shake(e, "", "nonce", redirect), redirect)
	c.advance(time.Minute)
	if status := ask(nonce); status != 404 {
		t.Errorf("status %d after a minute, want 404", status)
	}
	if status := ask("unknown"); status != 404 {
		t.Errorf("status %d for an unknown nonce, want 404", status)
	}
}

func TestHandshakeCookieFitsABrowser(t *testing.T) {
	e, c := newTestEmulator(t, Options{Production: true})
	suffix := "_" + e.CookieSuffix()
	for name, step := range map[string]struct {
		typed, host string
		want        []string // the last directives
	}{
		"usual":                      {"", "localhost:3000", []string{"__refresh" + suffix, "__session", "__session" + suffix}},
		"long name":                  {strings.Repeat("a", maxNameBytes), "localhost:3000", []string{"__clerk_handshake", "__refresh" + suffix, "__session" + suffix}},
		"long host":                  {"", strings.Repeat("a.", 100) + "localhost", []string{"__clerk_handshake", "__refresh" + suffix, "__session" + suffix}},
		"name of escapes":            {strings.Repeat("\"", maxNameBytes), "localhost:3000", []string{"__clerk_handshake", "__session" + suffix}},
		"name of escapes, long host": {strings.Repeat("\"", maxNameBytes), strings.Repeat("a.", 40) + "localhost:3000", []string{"__clerk_handshake", "__session" + suffix}},
	} {
		t.Run(name, func(t *testing.T) {
			browser := signedIn(t, e, c, "alice")
			if step.typed != "" {
				p, err := e.people.typed(step.typed)
				if err != nil {
					t.Fatal(err)
				}
				e.store.signIn(browser, p, c.now())
			}
			redirect := "https://" + step.host + "/"
			response := shake(e, browser, "token", redirect)
			if length := len(response.Header.Get("Set-Cookie")); length > 4096 {
				t.Errorf("the cookie has %d bytes", length)
			}
			directives := payload(t, e, response, redirect)
			verified(t, e, lastSession(directives))
			if got := names(directives); !slices.Equal(got[len(got)-len(step.want):], step.want) {
				t.Errorf("directives for %v, want %v at the end", got, step.want)
			}
		})
	}
}

func TestHandshakeActivatesTheOrganization(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	redirect := site + "/?a"
	for _, user := range []string{"alice", "carol", "dave"} {
		browser := signedIn(t, e, c, user)
		for _, step := range []struct {
			organization string
			active       bool
		}{{"other", true}, {"", false}, {"acme", true}, {"", false}, {"org_acme", true}} {
			response := shake(e, browser, "nonce", redirect, "organization_id", step.organization)
			claims := decode(t, verified(t, e, lastSession(payload(t, e, response, redirect))))
			if _, active := claims["o"]; active != (step.active && user == "alice") {
				t.Errorf("%s asks for %q: active %t", user, step.organization, active)
			}
		}
	}
}

func TestHandshakeRefusals(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	for name, query := range map[string]string{
		"no address":       "",
		"foreign":          "redirect_url=https://evil.example/",
		"path":             "redirect_url=/",
		"user information": "redirect_url=http://a@app.test/",
		"script":           "redirect_url=javascript:alert(1)",
		"line break":       "redirect_url=http://app.test/%0d%0aSet-Cookie:a=b",
		"long address":     "redirect_url=http://app.test/" + strings.Repeat("a", maxValue),
		"long query":       "redirect_url=http://app.test/&" + strings.Repeat("a", maxQuery),
		"bad encoding":     "redirect_url=http://app.test/%zz",
		"format":           "redirect_url=http://app.test/&format=cookie",
	} {
		t.Run(name, func(t *testing.T) {
			response := call(e, "GET", "/v1/client/handshake?"+query)
			if response.StatusCode != http.StatusBadRequest || response.Header.Get("Location") != "" || len(response.Cookies()) != 0 {
				t.Errorf("status %d, headers %v", response.StatusCode, response.Header)
			}
			if text := body(t, response); !strings.HasPrefix(text, `{"errors":[{"code":"`) || strings.Contains(text, "evil") {
				t.Errorf("body %s", text)
			}
		})
	}
	if len(e.store.browsers.entries) != 0 {
		t.Errorf("refused requests left %d browsers", len(e.store.browsers.entries))
	}
	noHost := func(r *http.Request) { r.Host = "" }
	if status := call(e, "GET", "/v1/client/handshake?redirect_url=http:///", noHost).StatusCode; status != http.StatusBadRequest {
		t.Errorf("status %d without a host", status)
	}
}
