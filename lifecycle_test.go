// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

func TestKeysSurviveAReload(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	gate := "clerk_auth {\n" + c.settings() + "\n}\n"
	s := serve(t, "", gate+`respond "one"`)
	token := c.bearer(t, "alice", "")
	s.get("/", token...).expect(t, http.StatusOK)
	c.asked()
	c.server.Close()
	for n := range 5 {
		body := fmt.Sprintf("reload %d", n)
		if err := s.load("", gate+`respond "`+body+`"`); err != nil {
			t.Fatal(err)
		}
		answer := s.get("/", token...)
		answer.expect(t, http.StatusOK)
		if answer.body != body {
			t.Errorf("expected %q, got %q", body, answer.body)
		}
	}
}

// TestKeysSurviveARestartDuringAnOutage stops Caddy, takes Clerk away, and
// starts Caddy again on the same storage.
func TestKeysSurviveARestartDuringAnOutage(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	gate := "clerk_auth {\n" + c.settings() + "\n}\nrespond `in`"
	s := serve(t, "", gate)
	token := c.bearer(t, "alice", "")
	s.get("/", token...).expect(t, http.StatusOK)
	saved := filepath.Join(filepath.Dir(s.logFile), "clerk", "keys", "*")
	await(t, "the keys to be saved", func() bool {
		files, _ := filepath.Glob(saved)
		return len(files) == 1 && strings.HasSuffix(files[0], ".json")
	})
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	c.server.Close()
	if err := s.load("", gate); err != nil {
		t.Fatal(err)
	}
	await(t, "the saved keys to serve", func() bool {
		return s.get("/", token...).StatusCode == http.StatusOK
	})
	if log := s.log(); !strings.Contains(log, "saved verification keys serve") {
		t.Errorf("expected the log to tell that saved keys serve")
	}
}

// await asks again until something is so.
func await(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if isSo() {
			return
		}
	}
	t.Fatalf("expected %s", what)
}

// TestAReloadThatFailsLeavesTheGateWhole breaks a reload in this module and in
// another app, and closes Clerk meanwhile: had the failure taken anything of
// the living configuration's along, the next request could not be decided.
func TestAReloadThatFailsLeavesTheGateWhole(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	gate := "clerk_auth {\n" + c.settings() + "\n}\n"
	s := serve(t, "", gate+`respond "one"`)
	token := c.bearer(t, "alice", "")
	s.get("/", token...).expect(t, http.StatusOK)
	c.server.Close()

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, broken := range map[string]string{
		"in this module": gate + "clerk_auth /x {\n" + c.settings() + "\nclock_skew 1h\n}",
		// Apps start in no certain order; here the port cannot be listened on,
		// with this module's app started before or not yet.
		"in another app": gate + "}\nhttp://" + taken.Addr().String() + " {\nbind 127.0.0.1\n" + gate,
	} {
		for range 5 {
			if err := s.load("", broken); err == nil {
				t.Fatalf("%s: expected the reload to fail", name)
			}
			s.get("/", token...).expect(t, http.StatusOK)
		}
	}
}

func TestValidationStartsNothing(t *testing.T) {
	withoutEnvironment(t)
	c := startClerk(t, emulator.Options{})
	if err := provision(t, c.settings()); err != nil {
		t.Fatal(err)
	}
	noGoroutines(t)
	if n := c.asked(); n != 0 {
		t.Errorf("expected no request to Clerk, got %d", n)
	}
}

func TestTheLastConfigurationLeavesNothingRunning(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", "clerk_auth {\n"+c.settings()+"\n}\nrespond `in`")
	s.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	noGoroutines(t)
}

// noGoroutines waits until none of this project's runs any more, but for the
// test's own.
func noGoroutines(t *testing.T) {
	t.Helper()
	var running []string
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		running = nil
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for stack := range strings.SplitSeq(string(stacks), "\n\n") {
			for _, own := range []string{"caddy-clerk/verifier.", "caddyclerk.("} {
				if strings.Contains(stack, own) {
					running = append(running, stack)
				}
			}
		}
		if len(running) == 0 {
			return
		}
	}
	t.Errorf("expected no goroutine of this project's, got\n%s", strings.Join(running, "\n\n"))
}

// keySet serves an emulator's keys under another key ID.
func (c *clerk) keySet(t *testing.T, id string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		recorder := httptest.NewRecorder()
		c.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/__clerk/.well-known/jwks.json", nil))
		_, _ = w.Write([]byte(strings.ReplaceAll(recorder.Body.String(), c.KeyID(), id)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestInstancesWithTheSameKeyIDDoNotVouchForEachOther is the hole that several
// of Clerk's SDKs had to close: a cache of keys that knows them by their ID
// alone.
func TestInstancesWithTheSameKeyIDDoNotVouchForEachOther(t *testing.T) {
	const id = "ins_same"
	one, other := startClerk(t, emulator.Options{}), startClerk(t, emulator.Options{})
	gate := func(path string, c *clerk) string {
		return "clerk_auth " + path + " {\npublishable_key " + c.PublishableKey() + "\njwks_url " + c.keySet(t, id) + "\n}\n"
	}
	s := serve(t, "", gate("/one", one)+gate("/other", other)+"respond {http.clerk.user_id}")
	token := func(c *clerk, user string) []string {
		signed, err := c.Sign(map[string]any{"kid": id}, map[string]any{"sub": user, "sid": "s", "iss": c.Issuer(), "exp": 1 << 35})
		if err != nil {
			t.Fatal(err)
		}
		return []string{"Authorization", "Bearer " + signed}
	}
	for range 3 {
		s.get("/one", token(one, "user_1")...).expect(t, http.StatusOK)
		s.get("/other", token(other, "user_2")...).expect(t, http.StatusOK)
		s.get("/one", token(other, "user_2")...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "token-invalid-signature")
		s.get("/other", token(one, "user_1")...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "token-invalid-signature")
	}
}

// TestTheSecretKeyGoesToTheBackendAPIOnly sends a gate for its keys to a
// server that is not the Backend API, and looks at what that is told.
func TestTheSecretKeyGoesToTheBackendAPIOnly(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	var told atomic.Value
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told.Store(fmt.Sprint(r.Header, r.URL))
		http.Redirect(w, r, c.server.URL+"/__clerk/.well-known/jwks.json", http.StatusFound)
	}))
	t.Cleanup(keys.Close)
	s := serve(t, "", "clerk_auth {\n"+c.settings()+"\njwks_url "+keys.URL+"\n}\nrespond `in`")
	s.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusServiceUnavailable)
	if heard := fmt.Sprint(told.Load()); strings.Contains(heard, c.SecretKey()) || !strings.Contains(heard, "map[") {
		t.Errorf("expected the key server to be asked without the secret key, it heard %s", heard)
	}
	if n := c.asked(); n != 0 {
		t.Errorf("expected redirects not to be followed, got %d requests", n)
	}
}
