// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	caddyclerk "github.com/caddy-clerk/caddy-clerk"
	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// noon is what time it is where commands are tested.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is the Internet as commands see it: hosts, and what answers there.
type world struct {
	hosts map[string]http.Handler
	// clock is what everybody there says what time it is.
	clock time.Time
	// seen are the secrets that came by, each with the host they came to.
	seen map[string]string
}

// RoundTrip implements http.RoundTripper.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		w.seen[key] += r.URL.Host + " "
	}
	handler, ok := w.hosts[r.URL.Host]
	if !ok {
		return nil, errors.New("no such host")
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Date", w.clock.Format(http.TimeFormat))
	handler.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// The secret keys of the two instances.
const (
	ownSecret   = "sk_live_0123456789abcdefOWN"
	otherSecret = "sk_live_0123456789abcdefOTHER"
)

// newWorld has two production instances of Clerk, ours and another, and their
// Backend API.
func newWorld(t *testing.T) (w *world, own, other *emulator.Emulator) {
	t.Helper()
	own = newEmulator(t, emulator.Options{Production: true, FrontendAPI: "clerk.example.com", SecretKey: ownSecret})
	other = newEmulator(t, emulator.Options{Production: true, FrontendAPI: "clerk.other.example", SecretKey: otherSecret})
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+otherSecret {
			other.ServeHTTP(w, r)
			return
		}
		own.ServeHTTP(w, r)
	})
	return &world{
		hosts: map[string]http.Handler{"clerk.example.com": own, "clerk.other.example": other, "api.clerk.com": api},
		clock: noon,
		seen:  make(map[string]string),
	}, own, other
}

func newEmulator(t *testing.T, o emulator.Options) *emulator.Emulator {
	t.Helper()
	o.Mount, o.Now = "/", func() time.Time { return noon }
	e := emulate(t, o)
	return e
}

func (w *world) terminal() caddyclerk.Terminal { return caddyclerk.Terminal{Transport: w, Now: noon} }

// prepare takes a test into a directory with a Caddyfile, and an environment with
// the keys of an instance.
func prepare(t *testing.T, caddyfile string, e *emulator.Emulator) {
	t.Helper()
	withoutEnvironment(t)
	t.Chdir(t.TempDir())
	if caddyfile != "" {
		write(t, "Caddyfile", caddyfile)
	}
	if e != nil {
		t.Setenv("CLERK_PUBLISHABLE_KEY", e.PublishableKey())
		t.Setenv("CLERK_SECRET_KEY", e.SecretKey())
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tokenOf makes a token for the site that is tested.
func tokenOf(t *testing.T, e *emulator.Emulator, options ...emulator.TokenOption) string {
	t.Helper()
	token, err := e.Token("alice", "https://app.example.com", options...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// withNames gives what a command has printed with the names that differ from run to
// run replaced.
func withNames(text string, own, other *emulator.Emulator) string {
	text = strings.NewReplacer(own.KeyID(), "ins_ours", other.KeyID(), "ins_theirs").Replace(text)
	return madeName.ReplaceAllString(text, "${1}…")
}

var madeName = regexp.MustCompile(`\b(sess_|jti" *"?|jti +")[A-Z2-7]{26}\b`)

// secretsIn finds what no output of a command may contain.
func secretsIn(text string, tokens ...string) []string {
	var found []string
	secrets := []string{ownSecret, otherSecret, strings.TrimPrefix(ownSecret, "sk_live_"), strings.TrimPrefix(otherSecret, "sk_live_")}
	for _, token := range tokens {
		secrets = append(secrets, token, token[strings.LastIndexByte(token, '.')+1:])
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	return found
}
