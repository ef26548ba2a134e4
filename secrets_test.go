// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	caddyclerk "github.com/caddy-clerk/caddy-clerk"
	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// outputs is all that comes out of a run, by where.
type outputs map[string]string

func (o outputs) add(where string, what ...any) { o[where] += fmt.Sprintln(what...) }

// secretRun is a Caddy with two instances, whose secrets are in the environment
// and in a file.
type secretRun struct {
	*administered
	acme, shop *clerk
	// file has the shop's secret key, and saved is where Caddy saves its
	// configuration.
	file, saved string
}

// runSecrets are what must not come out, as parts that stand for the whole.
var runSecrets = []string{"ACMESECRET", "SHOPSECRET", "MACHINESECRET"}

func newSecretRun(t *testing.T) *secretRun {
	t.Helper()
	r := &secretRun{
		administered: &administered{site: serve(t, "", "respond in"), admin: "127.0.0.1:" + strconv.Itoa(freePort(t)), storage: t.TempDir()},
		acme:         startClerk(t, emulator.Options{SecretKey: "sk_test_ACMESECRET"}),
		shop:         startClerk(t, emulator.Options{SecretKey: "sk_test_SHOPSECRET"}),
		file:         filepath.Join(t.TempDir(), "shop"), saved: filepath.Join(t.TempDir(), "autosave.json"),
	}
	t.Setenv("ACME_SECRET_KEY", r.acme.SecretKey())
	t.Setenv("MACHINE_SECRET_KEY", "ak_MACHINESECRET")
	if err := os.WriteFile(r.file, []byte(r.shop.SecretKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := caddy.ConfigAutosavePath
	caddy.ConfigAutosavePath = r.saved
	t.Cleanup(func() { caddy.ConfigAutosavePath = before })
	return r
}

// caddyfile is the run's, with a part more for its site.
func (r *secretRun) caddyfile(more string) string {
	settings := func(c *clerk, secret string) string {
		return "publishable_key " + c.PublishableKey() + "\napi_url " + c.server.URL + "/__clerk\nsecret_key " + secret
	}
	return "{\nadmin " + r.admin + "\nstorage file_system " + r.storage + "\nlog {\noutput file " + r.logFile + "\nlevel DEBUG\n}\nservers {\ntrace\n}\n" +
		named("acme", settings(r.acme, "{env.ACME_SECRET_KEY}")+"\nmachine_secret_key {env.MACHINE_SECRET_KEY}",
			"shop", settings(r.shop, "{file."+r.file+"}")) +
		"}\n" + r.url + " {\nbind 127.0.0.1\nlog\n" +
		"handle /metrics {\nmetrics\n}\n" +
		"clerk_proxy /fapi {\ninstance shop\nupstream " + r.shop.server.URL + "\n}\n" +
		"handle /acme {\nclerk_auth {\ninstance acme\naccepts_token any\n}\nrespond in\n}\n" +
		"handle /shop* {\nclerk_auth {\ninstance shop\nsign_out /shop/sign-out\noutage_grace 1h\n}\nrespond in\n}\n" + more + "}\n"
}

// mistakes are gates that cannot be loaded, each because of a secret.
func (r *secretRun) mistakes() []string {
	return []string{
		"instance acme\nsecret_key {file." + r.file + "}",
		"instance acme\nmachine_secret_key {env.ACME_SECRET_KEY}",
		"publishable_key " + liveKey + "\nsecret_key {env.ACME_SECRET_KEY}",
		"instance shop\njwt_key {env.ACME_SECRET_KEY}",
		"instance shop\njwks_url {env.ACME_SECRET_KEY}",
		"instance shop\napi_url {env.ACME_SECRET_KEY}",
	}
}

// TestSecretsStayWhereTheyAreWritten looks for the secrets of a run in all that
// comes out of it: the configuration that Caddy saves, its log with every handler
// in it, metrics, errors, answers of the sites and of the admin endpoint, its
// storage, and what the commands print.
func TestSecretsStayWhereTheyAreWritten(t *testing.T) {
	r, out := newSecretRun(t), outputs{}
	adapted := adapt(t, r.caddyfile(""))
	out.add("the adapted configuration", string(adapted))
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	tokens := r.askTheSite(t, out)
	r.askTheAdminEndpoint(t, out)
	r.loadMistakes(t, out)
	r.runCommands(t, out, tokens)
	r.shop.server.Close()
	r.askDuringAnOutage(t, out)
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	out.add("the saved configuration", files(t, filepath.Dir(r.saved)))
	out.add("the storage", files(t, r.storage))
	out.add("the log", r.log())

	for _, where := range []string{"the adapted configuration", "the saved configuration", "/config/"} {
		for _, placeholder := range []string{"{env.ACME_SECRET_KEY}", "{env.MACHINE_SECRET_KEY}", "{file." + r.file + "}"} {
			if !strings.Contains(out[where], placeholder) {
				t.Errorf("expected %s in %s", placeholder, where)
			}
		}
	}
	for _, line := range []string{`"instance":"acme"`, "decided a request", "fetching the verification keys failed"} {
		if !strings.Contains(out["the log"], line) {
			t.Errorf("expected %s in the log", line)
		}
	}
	for where, output := range out {
		for _, secret := range runSecrets {
			if strings.TrimSpace(output) == "" || strings.Contains(output, secret) {
				t.Errorf("expected %s to be there, and without %s, got %s", where, secret, output)
			}
		}
		for _, token := range tokens {
			if where != "the site" && strings.Contains(output, token) {
				t.Errorf("expected no token in %s", where)
			}
		}
	}
}

// askTheSite does what the gates and the proxy call Clerk for, and gives the
// tokens that it used.
func (r *secretRun) askTheSite(t *testing.T, out outputs) []string {
	t.Helper()
	var tokens []string
	for _, headers := range [][]string{
		r.acme.bearer(t, "alice", ""), r.acme.machineToken(t, "api_key"), r.acme.machineToken(t, "m2m_token"), r.shop.bearer(t, "alice", ""),
	} {
		tokens = append(tokens, strings.TrimPrefix(headers[1], "Bearer "))
		for _, path := range []string{"/acme", "/shop"} {
			a := r.get(path, headers...)
			out.add("the site", a.StatusCode, a.Header, a.body)
		}
	}
	for _, a := range []answer{
		r.get("/acme", document...),
		r.get("/acme?__clerk_handshake_nonce=none", document...),
		r.get("/shop", "Cookie", "__session="+tokens[3]+"; __client_uat=1"),
		r.send(http.MethodPost, "/shop/sign-out", "Sec-Fetch-Site", "same-origin"),
		r.get("/fapi/v1/environment"),
		r.get("/fapi/v1/client", "Clerk-Secret-Key", "mine"),
	} {
		out.add("the site", a.StatusCode, a.Header, a.body)
	}
	out.add("the metrics", r.get("/metrics").body)
	return tokens
}

func (r *secretRun) askTheAdminEndpoint(t *testing.T, out outputs) {
	t.Helper()
	var instances []listed
	r.ask(http.MethodGet, "/clerk/instances", "", &instances)
	if len(instances) != 2 {
		t.Fatalf("expected two instances, got %+v", instances)
	}
	for _, request := range [][3]string{
		{http.MethodGet, "/config/", ""},
		{http.MethodGet, "/config/apps/clerk", ""},
		{http.MethodGet, "/clerk/instances", ""},
		{http.MethodGet, "/clerk/ready", ""},
		{http.MethodPost, "/clerk/instances/" + instances[0].ID + "/refresh", ""},
		{http.MethodPost, "/clerk/instances/" + instances[1].ID + "/refresh", ""},
		{http.MethodPost, "/clerk/instances/none/refresh", ""},
		{http.MethodPost, "/clerk/revoke", `{"user": "user_none"}`},
		{http.MethodPost, "/clerk/revoke", `{"user": "none"}`},
		{http.MethodGet, "/reverse_proxy/upstreams", ""},
		{http.MethodGet, "/metrics", ""},
	} {
		_, text := r.ask(request[0], request[1], request[2], nil)
		out.add(request[1], text)
	}
}

// loadMistakes has the configurations refused that have one, by the process and
// by the admin endpoint.
func (r *secretRun) loadMistakes(t *testing.T, out outputs) {
	t.Helper()
	for _, mistake := range r.mistakes() {
		broken := adapt(t, r.caddyfile("clerk_auth {\n"+mistake+"\n}\n"))
		err := caddy.Load(broken, true)
		if err == nil {
			t.Fatalf("%s: expected it to be refused", mistake)
		}
		status, text := r.ask(http.MethodPost, "/load", string(broken), nil)
		if status != http.StatusBadRequest {
			t.Errorf("%s: expected it to be refused, got %d", mistake, status)
		}
		out.add("the errors", err, text)
	}
}

// runCommands has them look at the configuration that runs, and at those that
// cannot be loaded.
func (r *secretRun) runCommands(t *testing.T, out outputs, tokens []string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "Caddyfile")
	terminal := caddyclerk.Terminal{Transport: loopback{}, Now: time.Now()}
	for _, mistake := range append(r.mistakes(), "instance acme") {
		if err := os.WriteFile(config, []byte(r.caddyfile("clerk_auth {\n"+mistake+"\n}\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, arguments := range [][]string{
			{"config"}, {"config", "--json"}, {"doctor"}, {"doctor", "--json"},
			{"verify", tokens[0]}, {"verify", "--json", tokens[3]}, {"verify", tokens[1]}, {"verify", r.acme.SecretKey()},
		} {
			text, errs, _ := terminal.Run(append(arguments, "--config", config)...)
			out.add("caddy clerk "+arguments[0], text, errs)
		}
	}
}

// askDuringAnOutage has everything fail that goes to the shop's Clerk.
func (r *secretRun) askDuringAnOutage(t *testing.T, out outputs) {
	t.Helper()
	var instances []listed
	r.ask(http.MethodGet, "/clerk/instances", "", &instances)
	for _, i := range instances {
		_, text := r.ask(http.MethodPost, "/clerk/instances/"+i.ID+"/refresh", "", nil)
		out.add("an outage", text)
	}
	_, text := r.ask(http.MethodGet, "/clerk/instances", "", nil)
	if !strings.Contains(text, "last_error") {
		t.Errorf("expected the outage to be told of, got %s", text)
	}
	out.add("an outage", text)
	for _, a := range []answer{
		r.get("/shop", r.shop.bearerAged(t, "alice", 5*time.Minute)...),
		r.get("/fapi/v1/client"),
	} {
		out.add("an outage", a.StatusCode, a.Header, a.body)
	}
}

// loopback reaches this machine and nothing else.
type loopback struct{}

// RoundTrip implements http.RoundTripper.
func (loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	if ip := net.ParseIP(r.URL.Hostname()); ip == nil || !ip.IsLoopback() {
		return nil, errors.New("no such host")
	}
	return newClient().RoundTrip(r)
}

// files gives the names and contents of all files in a directory.
func files(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(root, path))
		all.WriteString(path + "\n" + string(content) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
