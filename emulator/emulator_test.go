// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/rsa"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// sharedKey spares every test the making of a key.
var sharedKey = sync.OnceValues(func() (*signingKey, error) { return newSigningKey(nil) })

func newTestEmulator(t *testing.T, o Options) (*Emulator, *clock) {
	t.Helper()
	key, err := sharedKey()
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{t: time.Unix(1_800_000_000, 999_000_000)}
	o.Now = c.now
	o, err = o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return newInstance(o, key), c
}

const site = "http://app.test"

// call sends a request on the emulator's own origin.
func call(e *Emulator, method, path string, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, site+"/__clerk"+path, nil)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Result()
}

func withForm(values url.Values) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = io.NopCloser(strings.NewReader(values.Encode()))
	}
}

func withJSON(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(strings.NewReader(text))
	}
}

// withKey asks as an application does, with the instance's secret key.
func withKey(e *Emulator) func(*http.Request) {
	return withHeader("Authorization", "Bearer "+e.SecretKey())
}

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func withCookie(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: value}) }
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// verified gives a token's payload after another library judged its signature.
func verified(t *testing.T, e *Emulator, token string) []byte {
	t.Helper()
	key, err := jwk.ParseKey([]byte(e.PublicKeyPEM()), jwk.WithPEM(true))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify([]byte(token), jws.WithKey(jwa.RS256, key))
	if err != nil {
		t.Fatalf("token does not verify: %v", err)
	}
	return payload
}

func TestNew(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.PublishableKey(), "pk_test_ZW11bGF0b3IuY2xlcmsuYWNjb3VudHMuZGV2JA"; got != want {
		t.Errorf("publishable key %q, want %q", got, want)
	}
	if got, want := e.SecretKey(), "sk_test_emulator"; got != want {
		t.Errorf("secret key %q, want %q", got, want)
	}
	if got, want := e.Issuer(), "https://emulator.clerk.accounts.dev"; got != want {
		t.Errorf("issuer %q, want %q", got, want)
	}
	if !strings.HasPrefix(e.KeyID(), "ins_") {
		t.Errorf("key id %q, want one that begins with ins_", e.KeyID())
	}
	live, err := New(Options{Production: true, FrontendAPI: "clerk.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := live.PublishableKey(), "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"; got != want {
		t.Errorf("publishable key %q, want %q", got, want)
	}
	if live.SecretKey() != "sk_live_emulator" || live.CookieSuffix() != "naoXFJnI" {
		t.Errorf("secret key %q and suffix %q, want sk_live_emulator and naoXFJnI", live.SecretKey(), live.CookieSuffix())
	}
	if live.KeyID() == e.KeyID() {
		t.Error("two instances share a key id")
	}
}

func TestCookieSuffix(t *testing.T) {
	for key, want := range map[string]string{
		"pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ=":             "qReyu04C",
		"pk_test_Y2xlcmsuY2xlcmsuZGV2JA":                                       "QvfNY2dr",
		"pk_test_ZW5vdWdoLWFscGFjYS04Mi5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k": "jtYvyt_H",
		"pk_test_eHh4eHh4LXhhYWFhYS1hYS5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k": "tZJdb-5s",
	} {
		if got := cookieSuffix(key); got != want {
			t.Errorf("suffix of %s is %s, want %s", key, got, want)
		}
	}
}

func TestOptionsRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"relative mount":     {Mount: "clerk"},
		"dots in mount":      {Mount: "/a/../b"},
		"query in mount":     {Mount: "/a?b"},
		"wildcard mount":     {Mount: "/clerk/*"},
		"double slash":       {Mount: "//clerk"},
		"host without a dot": {FrontendAPI: "localhost"},
		"URL as host":        {FrontendAPI: "https://clerk.example.com"},
		"dollar in host":     {FrontendAPI: "clerk.example.com$"},
		"live key in test":   {SecretKey: "sk_live_secret"},
		"test key in live":   {SecretKey: "sk_test_secret", Production: true},
		"empty secret":       {SecretKey: "sk_test_"},
		"line in secret":     {SecretKey: "sk_test_a\nb"},
		"negative lifetime":  {TokenLifetime: -time.Second},
		"too short lifetime": {TokenLifetime: time.Millisecond},
		"short signing key":  {SigningKey: &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(o)
			if err == nil {
				t.Fatal("accepted")
			}
			if o.SecretKey != "" && strings.Contains(err.Error(), o.SecretKey) && o.SecretKey != "sk_test_" {
				t.Errorf("the error repeats the secret key: %v", err)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	rooted, _ := newTestEmulator(t, Options{Mount: "/"})
	mounted, _ := newTestEmulator(t, Options{Mount: "/__clerk/"})
	for _, c := range []struct {
		e      *Emulator
		method string
		path   string
		status int
		allow  string
	}{
		{mounted, "GET", "/__clerk", 200, ""},
		{mounted, "GET", "/__clerk/", 200, ""},
		{mounted, "HEAD", "/__clerk/sign-in", 200, ""},
		{mounted, "GET", "/", 404, ""},
		{mounted, "GET", "/sign-in", 404, ""},
		{mounted, "GET", "/__clerkx", 404, ""},
		{mounted, "GET", "/__clerk/sign-in/", 404, ""},
		{mounted, "GET", "/__clerk//sign-in", 404, ""},
		{mounted, "GET", "/__clerk/../sign-in", 404, ""},
		{mounted, "DELETE", "/__clerk/sign-in", 405, "GET, HEAD, POST"},
		{mounted, "OPTIONS", "/__clerk/v1/jwks", 405, "GET, HEAD"},
		{mounted, "POST", "/__clerk/v1/client/handshake", 405, "GET, HEAD"},
		{mounted, "BREW", "/__clerk/", 405, "GET, HEAD"},
		{mounted, "GET", "/__clerk/api_keys/verify", 405, "POST"},
		{mounted, "HEAD", "/__clerk/v1/sessions/sess_a/refresh", 405, "POST"},
		{mounted, "POST", "/__clerk/v1/sessions/sess_a/refresh", 401, ""},
		{mounted, "POST", "/__clerk/v1/sessions//refresh", 401, ""},
		{mounted, "POST", "/__clerk/v1/sessions/a/b/refresh", 404, ""},
		{mounted, "POST", "/__clerk/v1/sessions/a%2fb/refresh", 404, ""},
		{mounted, "POST", "/__clerk/v1/sessions/sess_a", 404, ""},
		{mounted, "POST", "/__clerk/v1/sessions/", 404, ""},
		{mounted, "POST", "/__clerk/v1/sessions", 404, ""},
		{mounted, "POST", "/__clerk/v1/api_keys/verify", 404, ""},
		{rooted, "GET", "/sign-in", 200, ""},
		{rooted, "GET", "/__clerk/sign-in", 404, ""},
	} {
		w := httptest.NewRecorder()
		c.e.ServeHTTP(w, httptest.NewRequest(c.method, site+c.path, nil))
		if w.Code != c.status || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: status %d, Allow %q; want %d, %q", c.method, c.path, w.Code, w.Header().Get("Allow"), c.status, c.allow)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: may be cached", c.method, c.path)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			browser := e.store.newBrowser(devBrowserPrefix, e.now())
			for _, path := range []string{
				"/sign-in?__clerk_db_jwt=" + browser,
				"/v1/client/handshake?format=nonce&redirect_url=" + site + "/&__clerk_db_jwt=" + browser,
				"/emulator/token?user=alice",
				"/emulator/token?user=alice&type=api_key",
			} {
				call(e, "GET", path)
				call(e, "POST", "/sign-in", withForm(url.Values{"user": {"bob"}, "__clerk_db_jwt": {browser}}))
				call(e, "POST", "/api_keys/verify", withKey(e), withJSON(`{"secret":"ak_unknown"}`))
				call(e, "POST", "/sign-out", withForm(url.Values{"__clerk_db_jwt": {browser}}))
			}
			p := page{t: t, e: e, devBrowser: browser, cookies: make(map[string]string)}
			session := p.signIn("alice")
			for path, method := range frontendCalls(session, "any") {
				p.ask(method, path, withForm(everyForm))
			}
			revoke(e, session)
		})
	}
	group.Wait()
}
