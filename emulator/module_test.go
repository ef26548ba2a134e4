// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func init() { caddy.RegisterModule(testIdentity{}) }

// testIdentity gives the pages of the demo someone to show, as the gate would.
type testIdentity struct {
	Values map[string]string `json:"values"`
}

func (testIdentity) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_identity", New: func() caddy.Module { return new(testIdentity) }}
}

func (h *testIdentity) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	for name, value := range h.Values {
		repl.Set(name, value)
	}
	return next.ServeHTTP(w, r)
}

func TestUnmarshalCaddyfile(t *testing.T) {
	for _, c := range []struct {
		input, want, err string
	}{
		{"clerk_emulator", `{}`, ""},
		{"clerk_emulator /auth", `{"mount":"/auth"}`, ""},
		{"clerk_emulator {env.MOUNT}", `{"mount":"{env.MOUNT}"}`, ""},
		{
			"clerk_emulator /a {\nfrontend_api clerk.example.com\nproduction\nsecret_key {env.KEY}\ntoken_lifetime 2m\nallow_remote\n}",
			`{"mount":"/a","frontend_api":"clerk.example.com","production":true,"secret_key":"{env.KEY}","token_lifetime":120000000000,"allow_remote":true}`, "",
		},
		{"clerk_emulator @m", "", "expected a path such as /__clerk as the mount, got '@m'"},
		{"clerk_emulator *", "", "expected a path such as /__clerk as the mount, got '*'"},
		{"clerk_emulator /a /b", "", "wrong argument count"},
		{"clerk_emulator {\nport 80\n}", "", "unrecognized subdirective 'port' (allowed are: frontend_api, production, secret_key, token_lifetime, allow_remote)"},
		{"clerk_emulator {\nproduction\nproduction\n}", "", "cannot set 'production' twice"},
		{"clerk_emulator {\nsecret_key a\nsecret_key b\n}", "", "cannot set 'secret_key' twice"},
		{"clerk_emulator {\nproduction yes\n}", "", "wrong argument count"},
		{"clerk_emulator {\nallow_remote {\nx\n}\n}", "", "unrecognized subdirective '{'"},
		{"clerk_emulator {\nsecret_key\n}", "", "wrong argument count"},
		{"clerk_emulator {\nfrontend_api a b\n}", "", "wrong argument count"},
		{"clerk_emulator {\ntoken_lifetime soon\n}", "", "expected a duration of a second or more, got 'soon'"},
		{"clerk_emulator {\ntoken_lifetime 10ms\n}", "", "expected a duration of a second or more, got '10ms'"},
	} {
		h := new(Handler)
		err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(c.input))
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v, want one with %q", c.input, err, c.err)
			}
			continue
		}
		got, _ := json.Marshal(h)
		if err != nil || string(got) != c.want {
			t.Errorf("%q: %s, %v; want %s", c.input, got, err, c.want)
		}
	}
}

// TestDirectiveOrder holds that the emulator answers before a handler that an
// authentication directive would add, wherever it stands in the Caddyfile.
func TestDirectiveOrder(t *testing.T) {
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	adapted, _, err := adapter.Adapt([]byte("http://localhost {\n\tbasic_auth {\n\t\ta $2a$14$x\n\t}\n\tclerk_emulator /auth\n\ttry_files /x\n}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := string(adapted)
	rewrite, emulator, authentication := strings.Index(text, `"rewrite"`), strings.Index(text, `{"handler":"clerk_emulator","mount":"/auth"}`), strings.Index(text, `"authentication"`)
	if rewrite < 0 || emulator < rewrite || authentication < emulator {
		t.Errorf("order in %s", text)
	}
	if strings.Contains(text, `"path":["/auth"]`) {
		t.Errorf("the mount became a matcher in %s", text)
	}
}

// config is a server on the given addresses with one handler after another.
func config(t *testing.T, listen []string, handlers ...string) *caddy.Config {
	t.Helper()
	addresses, _ := json.Marshal(listen)
	text := fmt.Sprintf(`{
		"admin": {"disabled": true, "config": {"persist": false}},
		"logging": {"logs": {"default": {"level": "ERROR"}}},
		"storage": {"module": "file_system", "root": %q},
		"apps": {"tls": {"disable_storage_clean": true}, "http": {"servers": {"s": {
			"listen": %s, "automatic_https": {"disable": true}, "routes": [{"handle": [%s]}]
		}}}}
	}`, t.TempDir(), addresses, strings.Join(handlers, ","))
	c := new(caddy.Config)
	if err := json.Unmarshal([]byte(text), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoopbackOnly(t *testing.T) {
	for _, c := range []struct {
		listen  string
		handler string
		err     string
	}{
		{"127.0.0.1:0", `{"handler":"clerk_emulator"}`, ""},
		{"127.0.0.1:9000-9001", `{"handler":"clerk_emulator"}`, ""},
		{"[::1]:9000", `{"handler":"clerk_emulator"}`, ""},
		{"localhost:9000", `{"handler":"clerk_emulator"}`, ""},
		{"udp/127.0.0.1:9000", `{"handler":"clerk_emulator"}`, ""},
		{"unix//run/x.sock", `{"handler":"clerk_emulator"}`, ""},
		{":9000", `{"handler":"clerk_emulator","allow_remote":true}`, ""},
		{":9000", `{"handler":"clerk_emulator"}`, `listens on ":9000"`},
		{"0.0.0.0:9000", `{"handler":"clerk_emulator"}`, `listens on "0.0.0.0:9000"`},
		{"[::]:9000", `{"handler":"clerk_emulator"}`, `listens on "[::]:9000"`},
		{"192.0.2.1:9000", `{"handler":"clerk_emulator"}`, `listens on "192.0.2.1:9000"`},
		{"tcp4/0.0.0.0:9000", `{"handler":"clerk_emulator"}`, `listens on "tcp4/0.0.0.0:9000"`},
		{"app.example:9000", `{"handler":"clerk_emulator"}`, `listens on "app.example:9000"`},
		{"fd/3", `{"handler":"clerk_emulator"}`, `listens on "fd/3"`},
		{":9000", `{"handler":"subroute","routes":[{"handle":[{"handler":"clerk_emulator"}]}]}`, `bind 127.0.0.1`},
		{":9000", `{"handler":"clerk_emulator"}`, `allow_remote`},
	} {
		err := caddy.Validate(config(t, []string{"127.0.0.1:8999", c.listen}, c.handler))
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %q", c.listen, err, c.err)
		}
	}
	instances.Range(func(key, _ any) bool {
		t.Errorf("an instance was left in the pool: %v", key)
		return true
	})
}

func TestProvisionRefuses(t *testing.T) {
	t.Setenv("EMULATOR_EMPTY", "")
	for handler, want := range map[string]string{
		`{"handler":"clerk_emulator","secret_key":"{env.EMULATOR_EMPTY}"}`:    "secret_key",
		`{"handler":"clerk_emulator","frontend_api":"{no.such.placeholder}"}`: "frontend_api",
		`{"handler":"clerk_emulator","frontend_api":"localhost"}`:             "frontend API: expected a host with a dot in it",
		`{"handler":"clerk_emulator","secret_key":"sk_live_x"}`:               "begins with sk_test_",
		`{"handler":"clerk_emulator","token_lifetime":1}`:                     "token lifetime: expected a second or more, got 1ns",
		`{"handler":"clerk_emulator","mount":"auth"}`:                         "mount: expected a path",
		`{"handler":"clerk_emulator","sekret":"x"}`:                           "unknown field",
	} {
		if err := caddy.Validate(config(t, []string{"127.0.0.1:9000"}, handler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", handler, err, want)
		}
	}
}

// run loads a configuration and gives a client of its unix socket.
func run(t *testing.T, socket string, handlers ...string) *http.Client {
	t.Helper()
	if err := caddy.Run(config(t, []string{"unix/" + socket}, handlers...)); err != nil {
		t.Fatal(err)
	}
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", socket)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}
}

func newSocket(t *testing.T) string {
	t.Helper()
	// A unix socket's path must be short, which t.TempDir does not promise.
	dir, err := os.MkdirTemp("", "em")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return filepath.Join(dir, "s")
}

func fetch(t *testing.T, client *http.Client, path string) string {
	t.Helper()
	response, err := client.Get(site + path)
	for attempts := 1; errors.Is(err, io.EOF) && attempts < 5; attempts++ {
		// A server that a reload shuts down may have taken the connection.
		response, err = client.Get(site + path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestHandlerMatchesItsMount(t *testing.T) {
	client := run(t, newSocket(t), `{"handler":"clerk_emulator","mount":"/auth"}`, `{"handler":"static_response","body":"app"}`)
	for path, app := range map[string]bool{
		"/auth": false, "/auth/": false, "/auth/sign-in": false, "/auth/none": false,
		"/": true, "/authx": true, "/auth.": true, "/AUTH/": true, "//auth/": true, "/x/auth/": true, "/__clerk/": true,
	} {
		if got := fetch(t, client, path) == "app"; got != app {
			t.Errorf("%s: the application answers: %t, want %t", path, got, app)
		}
	}
}

func TestStateSurvivesReloads(t *testing.T) {
	// On one socket, the server that a reload shuts down could answer in place of
	// the new one.
	keys := func(client *http.Client) string { return fetch(t, client, "/__clerk/.well-known/jwks.json") }
	client := run(t, newSocket(t), `{"handler":"clerk_emulator"}`)
	first := keys(client)

	socket := newSocket(t)
	client = run(t, socket, `{"handler":"clerk_emulator","mount":"/__clerk","token_lifetime":60000000000}`)
	if keys(client) != first {
		t.Error("a reload with the same settings made a new key")
	}
	if err := caddy.Run(config(t, []string{"unix/" + socket, ":9000"}, `{"handler":"clerk_emulator"}`)); err == nil {
		t.Fatal("a server for everyone was accepted")
	}
	if keys(client) != first {
		t.Error("a refused reload took the key away")
	}
	client = run(t, newSocket(t), `{"handler":"clerk_emulator","secret_key":"sk_test_other"}`)
	if keys(client) == first {
		t.Error("other settings share the key")
	}
}

// TestDemoPagesEscape holds that what a person typed stays text on the demo's
// pages: Caddy's templates do not escape by themselves.
func TestDemoPagesEscape(t *testing.T) {
	hostile := `</code><script>{{env "HOME"}}</script>"'&`
	values := make(map[string]string)
	for _, name := range []string{"status", "reason", "token_type", "user_id", "session_id", "org_id", "org_slug", "org_role", "claims.name"} {
		values["http.clerk."+name] = hostile
	}
	for _, name := range []string{"http.clerk.org_permissions", "http.auth.clerk.error", "http.auth.clerk.message", "http.auth.candidate.id"} {
		values[name] = hostile
	}
	root, err := filepath.Abs("../examples/demo/site")
	if err != nil {
		t.Fatal(err)
	}
	identity, _ := json.Marshal(map[string]any{"handler": "test_identity", "values": values})
	client := run(t, newSocket(t), string(identity),
		fmt.Sprintf(`{"handler":"templates","mime_types":["text/html","application/json"],"file_root":%q}`, root),
		fmt.Sprintf(`{"handler":"file_server","root":%q}`, root))

	for _, path := range []string{"/", "/public.html", "/admin.html", "/forbidden.html"} {
		text := fetch(t, client, path)
		if strings.Contains(text, "<script") || !strings.Contains(text, `&lt;/code&gt;&lt;script&gt;{{env &#34;HOME&#34;}}&lt;/script&gt;&#34;&#39;&amp;`) {
			t.Errorf("%s does not escape: %s", path, text)
		}
	}
	got := decode(t, []byte(fetch(t, client, "/whoami.json")))
	for _, name := range []string{
		"http.clerk.claims.name", "http.clerk.org_permissions", "http.auth.clerk.error", "http.auth.clerk.message", "http.auth.candidate.id",
	} {
		delete(values, name)
	}
	for name, value := range values {
		if key := strings.TrimPrefix(name, "http.clerk."); got[key] != value {
			t.Errorf("%s is %v, want %q", key, got[key], value)
		}
	}
	if len(got) != len(values) {
		t.Errorf("keys of %v, want %d", got, len(values))
	}
}
