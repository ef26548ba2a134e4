// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// administered is a site with an admin endpoint.
type administered struct {
	*site
	admin   string
	storage string
	config  []byte
}

// serveAdmin runs a site with the directives given, and an admin endpoint, whose
// address is {{admin}} in them.
func serveAdmin(t *testing.T, directives string) *administered {
	t.Helper()
	a := &administered{site: serve(t, "", "respond `none yet`"), admin: "127.0.0.1:" + strconv.Itoa(freePort(t)), storage: t.TempDir()}
	_, port, _ := strings.Cut(strings.TrimPrefix(a.url, "http://"), ":")
	config := strings.NewReplacer("{{port}}", port, "{{admin}}", a.admin).Replace(`{
	admin ` + a.admin + `
	persist_config off
	storage file_system ` + a.storage + `
	log {
		output file ` + a.logFile + `
		level DEBUG
	}
}
http://localhost:{{port}} {
	bind 127.0.0.1
	` + directives + `
}
http://` + loadsHost + `:{{port}} {
	bind 127.0.0.1
	respond 2
}
`)
	a.config = adapt(t, config)
	a.loads++
	a.start()
	return a
}

func (a *administered) start() {
	a.t.Helper()
	if err := caddy.Load(a.config, true); err != nil {
		a.t.Fatal(err)
	}
	a.awaitLoad()
}

// ask speaks to the admin endpoint, and reads the answer into value, if there
// is one.
func (a *administered) ask(method, path, body string, value any) (status int, text string) {
	a.t.Helper()
	req, err := http.NewRequest(method, "http://"+a.admin+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	resp, err := a.client.RoundTrip(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if value != nil {
		if err := json.Unmarshal(data, value); err != nil {
			a.t.Fatalf("%v: %s", err, data)
		}
	}
	return resp.StatusCode, string(data)
}

// listed is what the tests read of an instance.
type listed struct {
	ID          string `json:"id"`
	FrontendAPI string `json:"frontend_api"`
	Keys        struct {
		Source     string   `json:"source"`
		IDs        []string `json:"ids"`
		AgeSeconds *float64 `json:"age_seconds"`
		LastError  string   `json:"last_error"`
	} `json:"keys"`
	Cache struct {
		Tokens int `json:"tokens"`
	} `json:"cache"`
	Calls *struct {
		Breaker string `json:"breaker"`
	} `json:"backend_api"`
	Revoked int `json:"revoked"`
}

func TestTheAdminAPIListsInstances(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	a := serveAdmin(t, "clerk_auth {\n"+c.settings()+"\n}\nclerk_auth /pem {\npublishable_key "+c.PublishableKey()+
		"\njwt_key \""+c.PublicKeyPEM()+"\"\n}\nrespond `in`")
	a.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	var instances []listed
	status, text := a.ask(http.MethodGet, "/clerk/instances", "", &instances)
	if status != http.StatusOK || len(instances) != 2 || strings.Contains(text, c.SecretKey()) {
		t.Fatalf("%d: %s", status, text)
	}
	for _, i := range instances {
		switch i.Keys.Source {
		case "fetched":
			if len(i.Keys.IDs) != 1 || i.Keys.IDs[0] != c.KeyID() || i.Keys.AgeSeconds == nil || i.Keys.LastError != "" ||
				i.Cache.Tokens != 1 || i.Calls == nil || i.Calls.Breaker != "closed" {
				t.Errorf("%+v", i)
			}
		case "jwt_key":
			if i.Calls != nil {
				t.Errorf("expected no calls without a secret key, got %+v", i)
			}
			status, text := a.ask(http.MethodPost, "/clerk/instances/"+i.ID+"/refresh", "", nil)
			if status != http.StatusConflict || !strings.Contains(text, "jwt_key") {
				t.Errorf("%d: %s", status, text)
			}
		default:
			t.Errorf("%+v", i)
		}
		if len(i.ID) != 12 || "https://"+i.FrontendAPI != c.Issuer() {
			t.Errorf("%+v", i)
		}
	}
}

func TestTheAdminAPIRefreshesKeys(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	a := serveAdmin(t, "clerk_auth {\n"+c.settings()+"\n}\nrespond `in`")
	a.get("/", c.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	var instances []listed
	a.ask(http.MethodGet, "/clerk/instances", "", &instances)
	refresh := "/clerk/instances/" + instances[0].ID + "/refresh"
	c.asked()
	if status, text := a.ask(http.MethodPost, refresh, "", nil); status != http.StatusOK || c.asked() != 1 {
		t.Errorf("expected the keys to be fetched, got %d: %s", status, text)
	}
	c.server.Close()
	status, text := a.ask(http.MethodPost, refresh, "", nil)
	if status != http.StatusBadGateway || !strings.Contains(text, "go on serving") || strings.Contains(text, c.SecretKey()) {
		t.Errorf("%d: %s", status, text)
	}
	if a.ask(http.MethodGet, "/clerk/instances", "", &instances); instances[0].Keys.LastError == "" {
		t.Errorf("expected the failure to be told, got %+v", instances[0])
	}
	if status, _ := a.ask(http.MethodGet, "/clerk/ready", "", nil); status != http.StatusOK {
		t.Errorf("expected it to be ready with old keys, got %d", status)
	}
}

func TestTheAdminAPIRevokes(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	a := serveAdmin(t, "clerk_auth {\n"+c.settings()+"\noutage_grace 10m\n}\nrespond {http.clerk.session_id}")
	alice, bob := c.bearer(t, "alice", ""), c.bearer(t, "bob", "")
	session := a.get("/", alice...)
	session.expect(t, http.StatusOK)
	a.get("/", bob...).expect(t, http.StatusOK)

	var answer struct {
		Until time.Time `json:"until"`
	}
	if status, text := a.ask(http.MethodPost, "/clerk/revoke", `{"session": "`+session.body+`"}`, &answer); status != http.StatusOK {
		t.Fatalf("%d: %s", status, text)
	}
	if left := time.Until(answer.Until); left < 11*time.Minute || left > 12*time.Minute {
		t.Errorf("expected it to last until no gate lets the tokens pass, got %s", left)
	}
	a.get("/", alice...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-revoked")
	a.get("/", bob...).expect(t, http.StatusOK)
	if status, text := a.ask(http.MethodPost, "/clerk/revoke", `{"user": "user_bob"}`, nil); status != http.StatusOK {
		t.Fatalf("%d: %s", status, text)
	}
	a.get("/", bob...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-revoked")
	a.get("/", c.bearer(t, "bob", "")...).expect(t, http.StatusUnauthorized)
	var instances []listed
	if a.ask(http.MethodGet, "/clerk/instances", "", &instances); instances[0].Revoked != 2 {
		t.Errorf("%+v", instances[0])
	}
}

// TestRevocationsOutliveARestart stops Caddy and starts it again on the same
// storage, and then takes the storage away.
func TestRevocationsOutliveARestart(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	a := serveAdmin(t, "clerk_auth {\n"+c.settings()+"\n}\nrespond in")
	alice, bob := c.bearer(t, "alice", ""), c.bearer(t, "bob", "")
	a.get("/", alice...).expect(t, http.StatusOK)
	if status, text := a.ask(http.MethodPost, "/clerk/revoke", `{"user": "user_alice"}`, nil); status != http.StatusOK {
		t.Fatalf("%d: %s", status, text)
	}
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	a.start()
	a.get("/", alice...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-revoked")
	a.get("/", bob...).expect(t, http.StatusOK)

	directory := filepath.Join(a.storage, "clerk", "revoked")
	if err := errors.Join(os.RemoveAll(directory), os.WriteFile(directory, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	status, text := a.ask(http.MethodPost, "/clerk/revoke", `{"user": "user_bob"}`, nil)
	if status != http.StatusBadGateway || !strings.Contains(text, "this Caddy refuses user_bob until") || !strings.Contains(text, "others that use its storage were not told") {
		t.Errorf("%d: %s", status, text)
	}
	a.get("/", bob...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-revoked")
}

func TestTheAdminAPIIsReadyOnceThereAreKeys(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	c.server.Close()
	a := serveAdmin(t, "clerk_auth {\n"+c.settings()+"\n}\nrespond `in`")
	var answer struct {
		Ready   bool     `json:"ready"`
		Waiting []listed `json:"waiting"`
	}
	status, text := a.ask(http.MethodGet, "/clerk/ready", "", &answer)
	if status != http.StatusServiceUnavailable || answer.Ready || len(answer.Waiting) != 1 || answer.Waiting[0].Keys.AgeSeconds != nil {
		t.Errorf("%d: %s", status, text)
	}
}

func TestMistakesAtTheAdminAPISayWhatToDo(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	a := serveAdmin(t, "clerk_auth {\n"+c.settings()+"\n}\nrespond `in`")
	for _, test := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{http.MethodPost, "/clerk/instances", "", http.StatusMethodNotAllowed, "expected GET, got POST"},
		{http.MethodGet, "/clerk/revoke", "", http.StatusMethodNotAllowed, "expected POST, got GET"},
		{http.MethodPost, "/clerk/ready", "", http.StatusMethodNotAllowed, "expected GET, got POST"},
		{http.MethodPost, "/clerk/instances/x/refresh", "", http.StatusNotFound, "with an id as /clerk/instances lists it"},
		{http.MethodPost, "/clerk/instances/", "", http.StatusNotFound, "with an id as /clerk/instances lists it"},
		{http.MethodPost, "/clerk/revoke", "", http.StatusBadRequest, "sess_…"},
		{http.MethodPost, "/clerk/revoke", "{}", http.StatusBadRequest, "sess_…"},
		{http.MethodPost, "/clerk/revoke", `{"session": "alice"}`, http.StatusBadRequest, "sess_…"},
		{http.MethodPost, "/clerk/revoke", `{"session": "user_1"}`, http.StatusBadRequest, "sess_…"},
		{http.MethodPost, "/clerk/revoke", `{"session": "sess_1", "user": "user_1"}`, http.StatusBadRequest, "sess_…"},
		{http.MethodPost, "/clerk/revoke", `{"session": "sess_1", "all": true}`, http.StatusBadRequest, "sess_…"},
		{http.MethodPost, "/clerk/revoke", `{"user": "user_` + strings.Repeat("a", 5000) + `"}`, http.StatusBadRequest, "sess_…"},
	} {
		status, text := a.ask(test.method, test.path, test.body, nil)
		if status != test.status || !strings.Contains(text, test.message) {
			t.Errorf("%s %s %.40s: expected %d with %q, got %d: %s", test.method, test.path, test.body, test.status, test.message, status, text)
		}
	}
}
