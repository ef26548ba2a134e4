// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// bearerAged gives the headers of a program that sends a token of a while ago.
func (c *clerk) bearerAged(t *testing.T, user string, age time.Duration) []string {
	t.Helper()
	token, err := c.Token(user, "", emulator.IssuedAt(time.Now().Add(-age)))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}

// TestOutageGrace takes Clerk away and looks at who passes which gate.
func TestOutageGrace(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	gate := func(path, more string) string {
		return "clerk_auth " + path + " {\n" + c.settings() + "\n" + more + "\n}\n"
	}
	s := serve(t, "", "log\nhandle /metrics {\nmetrics\n}\n"+gate("/grace", "outage_grace 10m")+gate("/none", "")+gate("/off", "outage_grace 0s")+
		"@fresh {\npath /grace\nclerk reverification lax\n}\nrespond @fresh `fresh`\nrespond `{http.clerk.user_id} {http.clerk.grace}`")
	const grace = "session-token-expired-outage-grace"
	old, older := c.bearerAged(t, "alice", 5*time.Minute), c.bearerAged(t, "alice", 20*time.Minute)

	s.get("/none", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	// What an expired token asks, whether Clerk can be reached, it asks in the
	// background. Until that has ended, nothing else is asked.
	const questions = `caddy_clerk_jwks_refreshes_total{result="success",trigger="expiry"}`
	asked := s.series(t)[questions]
	s.get("/grace", old...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-token-expired-refresh-non-eligible-no-refresh-cookie")
	await(t, "Clerk to be found in reach", func() bool { return s.series(t)[questions] > asked })
	c.server.Close()

	// It is asked at most twice a minute, and the last answer was a good one: a
	// key that is unknown finds out what it would.
	foreign, err := c.Sign(map[string]any{"kid": "ins_other", "cat": "cl_B7d4PD111AAA"}, map[string]any{"sub": "user_x", "iss": c.Issuer(), "exp": 1 << 35})
	if err != nil {
		t.Fatal(err)
	}
	s.get("/grace", "Authorization", "Bearer "+foreign).expect(t, http.StatusServiceUnavailable)

	before := s.graces(t)
	answer := s.get("/grace", old...)
	answer.expect(t, http.StatusOK, "X-Clerk-Auth-Status", "signed-in", "X-Clerk-Auth-Reason", grace)
	if want := "user_alice " + grace; answer.body != want {
		t.Errorf("expected %q, got %q", want, answer.body)
	}
	if log := s.log(); !strings.Contains(log, `"clerk_grace":"`+grace+`"`) || !strings.Contains(log, "sessions that have expired pass for now") {
		t.Error("expected the log to tell of the grace")
	}
	s.send(http.MethodPost, "/grace", old...).expect(t, http.StatusUnauthorized)
	s.get("/grace", older...).expect(t, http.StatusUnauthorized)
	s.get("/none", old...).expect(t, http.StatusUnauthorized)
	s.get("/off", old...).expect(t, http.StatusUnauthorized)
	fresh := s.get("/grace", c.bearer(t, "alice", "")...)
	if fresh.expect(t, http.StatusOK, "X-Clerk-Auth-Status", ""); fresh.body != "fresh" {
		t.Errorf("expected a good session to be as ever, got %q", fresh.body)
	}
	if n := s.graces(t) - before; n != 1 {
		t.Errorf("expected the one that passed to be counted, got %v", n)
	}
}

// graces gives how many requests the metrics say have passed by a grace.
func (s *site) graces(t *testing.T) float64 {
	t.Helper()
	n, ok := s.series(t)[`caddy_clerk_requests_total{reason="session-token-expired-outage-grace",status="signed-in",token_type="session_token"}`]
	if !ok {
		t.Error("expected the series to be there from the start")
	}
	return n
}

// TestTheBreakerGivesAGrace has keys that nobody fetches, so that nothing tells of
// the outage but the calls that would renew sessions.
func TestTheBreakerGivesAGrace(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter){
		"no answer": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"500":       func(w http.ResponseWriter) { refuseCall(w, http.StatusInternalServerError, "internal") },
	} {
		t.Run(name, func(t *testing.T) {
			b := startBackend(t)
			var down atomic.Bool
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if down.Load() {
					fail(w)
					return
				}
				b.answer(w, r)
			}))
			t.Cleanup(front.Close)
			s := serve(t, "", "handle /metrics {\nmetrics\n}\nhandle {\nclerk_auth {\n"+
				strings.ReplaceAll(b.settings(t), b.server.URL, front.URL)+"\noutage_grace 15m\n}\nrespond {http.clerk.grace}\n}")
			const grace = "session-token-expired-outage-grace"
			old := (&clerk{Emulator: b.Emulator}).bearerAged(t, "alice", 5*time.Minute)
			cookies := b.returning(t, s, "good", nil)
			before := s.graces(t)
			passed := 0.0
			pass := func(headers ...string) answer {
				a := s.get("/", headers...)
				if a.body == grace {
					passed++
				}
				return a
			}

			down.Store(true)
			pass(old...).expect(t, http.StatusUnauthorized)
			await(t, "a breaker that is open to give a grace", func() bool {
				pass("Cookie", cookies)
				return pass(old...).body == grace
			})
			s.send(http.MethodPost, "/", old...).expect(t, http.StatusUnauthorized)
			s.send(http.MethodPost, "/", "Cookie", cookies).expect(t, http.StatusUnauthorized)

			down.Store(false)
			await(t, "a session to be renewed", func() bool {
				a := pass("Cookie", cookies)
				return a.StatusCode == http.StatusOK && a.body == "" && len(a.Cookies()) > 0
			})
			for range 3 {
				pass(old...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-token-expired-refresh-non-eligible-no-refresh-cookie")
			}
			if n := s.graces(t) - before; n != passed || n == 0 {
				t.Errorf("expected the %v that passed to be counted, got %v", passed, n)
			}
		})
	}
}

// TestAGraceLastsWhileClerkIsAskedWhetherItIsBack has a Clerk that takes the
// connection and says nothing.
func TestAGraceLastsWhileClerkIsAskedWhetherItIsBack(t *testing.T) {
	b := startBackend(t)
	var hangs, asked atomic.Bool
	hangUp := make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if hangs.Load() {
			asked.Store(true)
			<-hangUp
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(front.Close)
	s := serve(t, "", "clerk_auth {\n"+strings.ReplaceAll(b.settings(t), b.server.URL, front.URL)+"\noutage_grace 15m\n}\nrespond in")
	old := (&clerk{Emulator: b.Emulator}).bearerAged(t, "alice", 5*time.Minute)
	cookies, others := b.returning(t, s, "one", nil), b.returning(t, s, "another", nil)
	await(t, "the breaker to open", func() bool { return s.get("/", "Cookie", cookies).StatusCode == http.StatusOK })

	hangs.Store(true)
	var group sync.WaitGroup
	group.Go(func() {
		for !asked.Load() {
			s.get("/", "Cookie", cookies)
		}
	})
	await(t, "Clerk to be asked", asked.Load)
	for range 3 {
		s.get("/", old...).expect(t, http.StatusOK)
		s.get("/", "Cookie", others).expect(t, http.StatusOK)
	}
	close(hangUp)
	group.Wait()
}

func TestAGraceThatNothingWouldEverGive(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	withoutEnvironment(t)
	pem := "publishable_key " + c.PublishableKey() + "\njwt_key \"" + c.PublicKeyPEM() + "\"\noutage_grace 1m"
	if err := provision(t, pem); err == nil || !strings.Contains(err.Error(), "outage_grace: jwt_key is verified with and there is no secret_key") {
		t.Errorf("expected it to be refused, got %v", err)
	}
	if err := provision(t, pem+"\nsecret_key "+c.SecretKey()); err != nil {
		t.Error(err)
	}
}
