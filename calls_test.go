// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// backend plays Clerk's Backend API for what requests can make a gate ask.
type backend struct {
	*emulator.Emulator
	server *httptest.Server
	// down drops every connection.
	down atomic.Bool
	// asked counts the calls, by the last part of their path.
	mu    sync.Mutex
	asked map[string]int
}

// Machine tokens that the backend knows, and what of each.
var machineTokens = map[string]string{
	"ak_alice":   `{"id":"key_1","subject":"user_alice","name":"ci","scopes":["read","write"],"claims":{"team":"ops"},"revoked":false,"expired":false,"expiration":null}`,
	"ak_acme":    `{"id":"key_2","subject":"org_acme","name":"ci","scopes":[],"claims":null,"revoked":false,"expired":false,"expiration":null}`,
	"ak_revoked": `{"id":"key_3","subject":"user_alice","name":"ci","scopes":[],"claims":null,"revoked":true,"expired":false,"expiration":null}`,
	"ak_expired": `{"id":"key_4","subject":"user_alice","name":"ci","scopes":[],"claims":null,"revoked":false,"expired":true,"expiration":1}`,
	"ak_page":    `<html>a proxy's page</html>`,
	"mt_worker":  `{"id":"mt_1","subject":"mch_worker","scopes":["mch_here"],"claims":null,"revoked":false,"expired":false,"expiration":null}`,
	"oat_alice":  `{"id":"oat_1","client_id":"app_1","subject":"user_alice","scopes":["email"],"type":"oauth_token","revoked":false,"expired":false,"expiration":4102444800,"created_at":1,"updated_at":1}`,
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	e := emulate(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com"})
	b := &backend{Emulator: e, asked: map[string]int{}}
	b.server = httptest.NewServer(http.HandlerFunc(b.answer))
	t.Cleanup(b.server.Close)
	return b
}

// settings are those of a gate that needs no key server.
func (b *backend) settings(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("publishable_key %s\n\t\tsecret_key %s\n\t\tapi_url %s\n\t\tjwt_key `%s`",
		b.PublishableKey(), b.SecretKey(), b.server.URL, strings.ReplaceAll(b.PublicKeyPEM(), "\n", `\n`))
}

func (b *backend) answer(w http.ResponseWriter, r *http.Request) {
	call := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if call == "verify" {
		call = strings.Split(r.URL.Path, "/")[1]
	}
	b.mu.Lock()
	b.asked[call]++
	b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case b.down.Load():
		panic(http.ErrAbortHandler)
	case r.Header.Get("Authorization") != "Bearer "+b.SecretKey():
		refuseCall(w, http.StatusUnauthorized, "clerk_key_invalid")
	case call == "interstitial":
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<script data-key=%q></script>", r.URL.Query().Get("publishable_key"))
	case call == "refresh":
		b.refresh(w, r, body)
	case r.Method == http.MethodPost:
		verifyMachine(w, body)
	default:
		refuseCall(w, http.StatusNotFound, "resource_not_found")
	}
}

func refuseCall(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"no"}]}`, code)
}

// refresh gives a fresh token to whoever has the refresh token "good".
func (b *backend) refresh(w http.ResponseWriter, r *http.Request, body []byte) {
	var asked struct {
		RefreshToken  string              `json:"refresh_token"`
		RequestOrigin string              `json:"request_origin"`
		Headers       map[string][]string `json:"request_headers"`
		IP            string              `json:"request_originating_ip"`
	}
	if json.Unmarshal(body, &asked) != nil || asked.RefreshToken != "good" || asked.IP != "127.0.0.1" || len(asked.Headers) == 0 {
		refuseCall(w, http.StatusUnprocessableEntity, "refresh_token_invalid")
		return
	}
	user := "alice"
	if strings.Contains(r.URL.Path, "other") {
		user = "bob"
	}
	token, err := b.Token(user, asked.RequestOrigin)
	if err != nil {
		refuseCall(w, http.StatusInternalServerError, "internal")
		return
	}
	suffix := b.CookieSuffix()
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "cookies", "cookies": []string{
		"__session=" + token + "; Path=/; SameSite=Lax", "__session_" + suffix + "=" + token + "; Path=/; SameSite=Lax",
	}})
}

func verifyMachine(w http.ResponseWriter, body []byte) {
	var asked struct{ Secret, Token, AccessToken string }
	text := strings.ReplaceAll(string(body), "access_token", "accesstoken")
	_ = json.Unmarshal([]byte(text), &asked)
	known, ok := machineTokens[asked.Secret+asked.Token+asked.AccessToken]
	if !ok {
		refuseCall(w, http.StatusNotFound, "resource_not_found")
		return
	}
	_, _ = w.Write([]byte(known))
}

// calls tells how often something was asked for since the last time.
func (b *backend) calls(call string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.asked[call]
	b.asked[call] = 0
	return n
}

// returning gives the cookies of a browser whose session token has expired.
func (b *backend) returning(t *testing.T, s *site, refreshToken string, claims map[string]any) string {
	t.Helper()
	past := time.Now().Add(-10 * time.Minute)
	token, err := b.Token("alice", s.url, emulator.IssuedAt(past), emulator.WithClaims(claims))
	if err != nil {
		t.Fatal(err)
	}
	suffix, uat := b.CookieSuffix(), past.Add(-time.Minute).Unix()
	return fmt.Sprintf("__client_uat=%d; __client_uat_%s=%d; __session=%s; __session_%s=%s; __refresh_%s=%s",
		uat, suffix, uat, token, suffix, token, suffix, refreshToken)
}

func TestTwentyRequestsWithOneExpiredTokenAreOneRefresh(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	log
	clerk_auth {
		`+b.settings(t)+`
		authorized_parties http://localhost:{{port}}
	}
	respond "{http.clerk.user_id}"`)
	cookies := b.returning(t, s, "good", nil)
	var group sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		group.Go(func() { answers[i] = s.get("/", "Cookie", cookies) })
	}
	group.Wait()
	for _, a := range answers {
		a.expect(t, http.StatusOK, "Cache-Control", "no-store", "X-Clerk-Auth-Status", "")
		if set := a.Header.Values("Set-Cookie"); a.body != "user_alice" || len(set) != 2 || !strings.HasPrefix(set[0], "__session=") {
			t.Errorf("expected alice with two cookies, got %q, %q", a.body, set)
		}
	}
	if n := b.calls("refresh"); n != 1 {
		t.Errorf("expected one refresh, got %d", n)
	}
	s.send(http.MethodPost, "/", "Cookie", cookies).expect(t, http.StatusUnauthorized,
		"X-Clerk-Auth-Reason", "session-token-expired-refresh-non-eligible-non-get")
	token := cookies[strings.LastIndexByte(cookies[:strings.Index(cookies, "; __refresh")], '=')+1:][:200]
	if strings.Contains(s.log(), token) {
		t.Errorf("expected the log not to hold the token %s", token)
	}
}

func TestARefreshThatFailsBecomesAHandshake(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
	}
	respond "in"`)
	page := func(cookies string) answer { return s.get("/", append([]string{"Cookie", cookies}, document...)...) }
	for reason, cookies := range map[string]string{
		"refresh_token_invalid":                   b.returning(t, s, "bad", nil),
		"invalid-session-token":                   b.returning(t, s, "good", map[string]any{"sid": "sess_other"}),
		"expired-session-token-missing-sid-claim": b.returning(t, s, "good", map[string]any{"sid": nil}),
	} {
		page(cookies).expect(t, http.StatusTemporaryRedirect, "X-Clerk-Auth-Reason", "session-token-expired-refresh-"+reason)
		s.get("/", "Cookie", cookies).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-token-expired-refresh-"+reason)
	}
	b.down.Store(true)
	page(b.returning(t, s, "down", nil)).expect(t, http.StatusTemporaryRedirect,
		"X-Clerk-Auth-Reason", "session-token-expired-refresh-fetch-error")
}

func TestMachineTokensPass(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
		accepts_token any
	}
	respond "{http.clerk.token_type} {http.clerk.user_id} {http.clerk.org_id} {http.clerk.machine_id} {http.clerk.client_id} {http.clerk.scopes} {http.clerk.claims.team} {http.auth.user.id}"`)
	for token, want := range map[string]string{
		"ak_alice":  "api_key user_alice    read write ops user_alice",
		"ak_acme":   "api_key  org_acme     ",
		"mt_worker": "m2m_token   mch_worker  mch_here  ",
		"oat_alice": "oauth_token user_alice   app_1 email  user_alice",
	} {
		for range 5 {
			a := s.get("/", "Authorization", "Bearer "+token)
			a.expect(t, http.StatusOK)
			if a.body != want {
				t.Errorf("%s: expected %q, got %q", token, want, a.body)
			}
		}
	}
	if n := b.calls("api_keys") + b.calls("m2m_tokens") + b.calls("access_tokens") + b.calls("oauth_applications"); n != 4 {
		t.Errorf("expected each token to be asked about once, got %d calls", n)
	}
	s.get("/", "Authorization", "Bearer ak_page").expect(t, http.StatusServiceUnavailable, "X-Clerk-Auth-Reason", "unexpected-error")
	for _, token := range []string{"ak_revoked", "ak_expired", "ak_unknown"} {
		s.get("/", "Authorization", "Bearer "+token).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "token-invalid")
	}
	for name, headers := range map[string][]string{
		"in a cookie":  {"Cookie", "__session=ak_alice; __client_uat=1"},
		"too long":     {"Authorization", "Bearer ak_" + strings.Repeat("a", 4096)},
		"odd letters":  {"Authorization", "Bearer ak_\u00e9"},
		"no such type": {"Authorization", "Bearer xx_alice"},
	} {
		if a := s.get("/", headers...); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: expected 401, got %d", name, a.StatusCode)
		}
	}
}

// Whatever a stranger makes up, Clerk is asked about no more than so much of it,
// and those who are known pass all the while.
func TestFloodsOfMadeUpTokensAndNoncesAskClerkLittle(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
		accepts_token any
	}
	respond "in"`)
	s.get("/", "Authorization", "Bearer ak_alice").expect(t, http.StatusOK)
	b.calls("api_keys")
	undecided := 0
	for i := range 150 {
		a := s.get("/", "Authorization", fmt.Sprintf("Bearer oat_%d", i))
		n := s.get(fmt.Sprintf("/?__clerk_handshake_nonce=%d", i), document...)
		if a.StatusCode == http.StatusServiceUnavailable && n.StatusCode == http.StatusServiceUnavailable {
			a.expect(t, http.StatusServiceUnavailable, "Location", "")
			if a.Header.Get("Retry-After") == "" {
				t.Fatal("expected to be told when to come again")
			}
			undecided++
		}
	}
	if undecided < 100 {
		t.Errorf("expected most of the flood to be turned away, got %d", undecided)
	}
	if n := b.calls("oauth_applications") + b.calls("handshake_payload"); n == 0 || n > 40 {
		t.Errorf("expected a budget of calls, got %d", n)
	}
	s.get("/", "Authorization", "Bearer ak_alice").expect(t, http.StatusOK)
}

// While Clerk cannot be asked, nothing is decided, and nobody is sent around.
func TestWhatCannotBeAskedIsUndecided(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		`+b.settings(t)+`
		accepts_token any
	}
	respond "in"`)
	s.get("/", "Authorization", "Bearer ak_alice").expect(t, http.StatusOK)
	b.down.Store(true)
	s.get("/", "Authorization", "Bearer mt_worker").expect(t, http.StatusServiceUnavailable, "X-Clerk-Auth-Reason", "unexpected-error")
	s.get("/?__clerk_handshake_nonce=n", document...).expect(t, http.StatusServiceUnavailable,
		"Location", "", "X-Clerk-Auth-Reason", "session-token-missing")
	s.get("/", "Authorization", "Bearer ak_alice").expect(t, http.StatusOK)
}

func TestAGateForMachinesAloneNeedsNoPublishableKeyAndRedirectsNobody(t *testing.T) {
	b := startBackend(t)
	s := serve(t, "", `
	clerk_auth {
		secret_key `+b.SecretKey()+`
		api_url `+b.server.URL+`
		accepts_token api_key
	}
	respond "in"`)
	s.get("/", "Authorization", "Bearer ak_alice").expect(t, http.StatusOK)
	s.get("/", document...).expect(t, http.StatusUnauthorized, "Location", "", "X-Clerk-Auth-Reason", "No token in header")
	s.get("/", "Authorization", "Bearer mt_worker").expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "token-type-mismatch")
}

func TestTheLogSaysOnceWhatIsNotDoneWithoutASecretKey(t *testing.T) {
	b := startBackend(t)
	settings := strings.ReplaceAll(b.settings(t), "secret_key "+b.SecretKey(), "")
	s := serve(t, "", `
	clerk_auth /a {
		`+settings+`
	}
	clerk_auth /b {
		`+settings+`
	}
	respond "in"`)
	if log := s.log(); strings.Count(log, "expired sessions are not refreshed") != 1 {
		t.Errorf("expected one line, got %s", log)
	}
	answer := s.get("/a", append([]string{"Cookie", b.returning(t, s, "good", nil)}, document...)...)
	answer.expect(t, http.StatusTemporaryRedirect, "X-Clerk-Auth-Reason", "session-token-expired-refresh-missing-api-client")
	if location := answer.Header.Get("Location"); strings.Contains(location, "format=nonce") {
		t.Errorf("expected the handshake to be asked for as a token, got %q", location)
	}
}
