// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// browser is a browser as far as cookies, redirects and headers go.
type browser struct {
	*http.Client
	t *testing.T
	// hops counts the redirects of the last page.
	hops int
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{Client: &http.Client{Jar: jar}, t: t}
	b.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if b.hops = len(via); b.hops > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// open goes to an address as a person does.
func (b *browser) open(address string) answer {
	b.t.Helper()
	return b.navigate(http.MethodGet, address, nil)
}

// navigate loads a page, following redirects.
func (b *browser) navigate(method, address string, form url.Values) answer {
	b.t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(req)
}

// do sends the request of a page load, and those that it is redirected to.
func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	b.hops = 0
	for i := 0; i < len(document); i += 2 {
		req.Header.Set(document[i], document[i+1])
	}
	resp, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

// signIn fills in the emulator's sign-in page, and gives the page that follows.
func (b *browser) signIn(page answer, user string) answer {
	b.t.Helper()
	form := page.body[strings.Index(page.body, "<form"):]
	values := url.Values{"user": {user}}
	for field := range strings.SplitSeq(form, "<input") {
		if strings.Contains(field, `type="hidden"`) {
			values.Set(attribute(field, "name"), attribute(field, "value"))
		}
	}
	action, err := page.Request.URL.Parse(attribute(form, "action"))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.navigate(http.MethodPost, action.String(), values)
}

func attribute(tag, name string) string {
	_, rest, _ := strings.Cut(tag, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

// arrives checks where a page load ended.
func (b *browser) arrives(a answer, path, body string, atMost int) {
	b.t.Helper()
	if a.Request.URL.Path != path || !strings.Contains(a.body, body) {
		b.t.Errorf("expected to arrive at %s and see %q, arrived at %s and saw %.200q", path, body, a.Request.URL, a.body)
	}
	if b.hops > atMost {
		b.t.Errorf("expected at most %d redirects, got %d", atMost, b.hops)
	}
}

// TestPeopleSignInAndStaySignedIn walks a person through each form of the
// handshake: in development and production, by nonce and by token.
func TestPeopleSignInAndStaySignedIn(t *testing.T) {
	for name, form := range map[string]struct {
		options  emulator.Options
		settings string
		toSignIn int // redirects until the sign-in page
		renewal  int // redirects to renew a session
	}{
		"development, nonce": {
			options: emulator.Options{},
			settings: `secret_key {env.EMULATOR_SECRET_KEY}
			api_url http://localhost:{{port}}/__clerk`,
			toSignIn: 4, renewal: 3,
		},
		"development, token": {
			options:  emulator.Options{},
			settings: `jwks_url http://localhost:{{port}}/__clerk/.well-known/jwks.json`,
			toSignIn: 4, renewal: 3,
		},
		"production, nonce": {
			options: emulator.Options{Production: true},
			settings: `secret_key {env.EMULATOR_SECRET_KEY}
			api_url http://localhost:{{port}}/__clerk`,
			toSignIn: 1, renewal: 2,
		},
		"production, token": {
			options:  emulator.Options{Production: true},
			settings: `jwks_url http://localhost:{{port}}/__clerk/.well-known/jwks.json`,
			toSignIn: 1, renewal: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := emulate(t, form.options)
			t.Setenv("EMULATOR_SECRET_KEY", e.SecretKey())
			production := ""
			if form.options.Production {
				production = "production"
			}
			s := serve(t, "", `
			clerk_emulator /__clerk {
				`+production+`
				token_lifetime 2s
			}
			clerk_auth {
				publishable_key `+e.PublishableKey()+`
				`+form.settings+`
				proxy_url /__clerk
				sign_in_url /__clerk/sign-in
				authorized_parties http://localhost:{{port}}
				clock_skew 0s
			}
			respond "hello {http.clerk.user_id}"`)
			b := openBrowser(t)

			page := b.open(s.url + "/p?a=1")
			b.arrives(page, "/__clerk/sign-in", "<form", form.toSignIn)
			b.arrives(b.signIn(page, "alice"), "/p", "hello user_alice", 4)

			b.expire(s.url)
			refreshes := 0
			if !strings.Contains(form.settings, "secret_key") {
				refreshes = form.renewal
			}
			b.arrives(b.open(s.url+"/p?a=1"), "/p", "hello user_alice", refreshes)
			b.expire(s.url)
			b.forget(s.url, "__refresh_"+e.CookieSuffix())
			// It lives for two seconds, and the renewals follow more closely here.
			b.forget(s.url, "__clerk_redirect_count")
			b.arrives(b.open(s.url+"/p?a=1"), "/p", "hello user_alice", form.renewal)
			if got := b.open(s.url + "/p?a=1&b=%20"); got.Request.URL.RawQuery != "a=1&b=%20" && got.Request.URL.RawQuery != "a=1&b=+" {
				t.Errorf("expected the query to be kept, got %q", got.Request.URL.RawQuery)
			}

			if log := s.log(); strings.Contains(log, e.SecretKey()) {
				t.Error("expected the log not to contain the secret key")
			}
		})
	}
}

// TestGatesThatDisagreeBothSeeAHandshake has two gates on one path that judge
// the session each for itself, and a handshake that can be fetched only once.
func TestGatesThatDisagreeBothSeeAHandshake(t *testing.T) {
	for _, production := range []string{"", "production"} {
		e := emulate(t, emulator.Options{Production: production != ""})
		t.Setenv("EMULATOR_SECRET_KEY", e.SecretKey())
		s := serve(t, `clerk {
			publishable_key `+e.PublishableKey()+`
			secret_key {env.EMULATOR_SECRET_KEY}
			api_url http://localhost:{{port}}/__clerk
			proxy_url /__clerk
			sign_in_url /__clerk/sign-in
			clock_skew 0s
		}`, `
		clerk_emulator /__clerk {
			`+production+`
			token_lifetime 2s
		}
		clerk_auth
		clerk_auth /admin/* {
			audience admin
			sign_in_url /__clerk/sign-in?for=admin
		}
		respond "hello {http.clerk.user_id}"`)
		b := openBrowser(t)
		b.signIn(b.open(s.url+"/admin/x"), "alice")
		b.arrives(b.open(s.url+"/admin/x"), "/admin/x", "hello user_alice", 3)
		b.expire(s.url)
		b.arrives(b.open(s.url+"/admin/x"), "/admin/x", "hello user_alice", 3)
	}
}

// forget drops a cookie.
func (b *browser) forget(address, name string) {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Jar.SetCookies(u, []*http.Cookie{{Name: name, Path: "/", MaxAge: -1}})
}

// expire asks, in a way that no session is refreshed for, until the session
// token is refused.
func (b *browser) expire(address string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		resp, err := b.Post(address, "", nil)
		if err != nil {
			b.t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized {
			return
		}
	}
	b.t.Fatal("expected the session token to expire")
}

// TestForeignHandshakesAreNoWayIn gives a gate handshakes that another key
// signed, in the address and in cookies, of both kinds of instances.
func TestForeignHandshakesAreNoWayIn(t *testing.T) {
	for _, production := range []bool{false, true} {
		c := startClerk(t, emulator.Options{Production: production})
		foreign := startClerk(t, emulator.Options{Production: production})
		token, err := foreign.Token("alice", "")
		if err != nil {
			t.Fatal(err)
		}
		handshake, err := foreign.Sign(nil, map[string]any{"handshake": []string{"__session=" + token + "; Path=/", "evil=1"}})
		if err != nil {
			t.Fatal(err)
		}
		s := serve(t, "", `
		clerk_auth {
			`+c.settings()+`
		}
		respond "in"`)
		for _, answer := range []answer{
			s.get("/?__clerk_handshake="+url.QueryEscape(handshake), document...),
			s.get("/", append([]string{"Cookie", "__clerk_handshake=" + handshake}, document...)...),
			s.get("/", "Cookie", "__clerk_handshake="+handshake),
			s.get("/", "Cookie", "__session="+token+"; __client_uat=1; __clerk_db_jwt=x"),
		} {
			if answer.StatusCode == http.StatusOK {
				t.Errorf("production %v: expected no way in, got %d", production, answer.StatusCode)
			}
			for _, cookie := range answer.Header.Values("Set-Cookie") {
				if !strings.HasPrefix(cookie, "__clerk_redirect_count=") {
					t.Errorf("production %v: expected no cookie of a stranger's, got %q", production, cookie)
				}
			}
		}
	}
}
